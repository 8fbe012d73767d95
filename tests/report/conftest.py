"""Small folders of results, made up from a seed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made_results import make_results


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a maker of folders of results; it takes the options of ``make_results``."""

    def make(**options: Any) -> Path:
        return make_results(tmp_path_factory.mktemp("results"), **options)

    return make
