"""Where the shared data is, and what every test may lean on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _shared(variable: str, folder: str) -> Path:
    path = Path(os.environ.get(variable, ROOT.parent / "shared" / folder))
    if not path.is_dir():
        pytest.skip(f"needs the folder of {folder} named in ${variable}; {path} is absent")
    return path


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real public data, not part of the repository."""
    return _shared("DOLOR_DATA", "data")


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Inputs and outputs of other tools, not part of the repository."""
    return _shared("DOLOR_REFERENCE", "reference")
