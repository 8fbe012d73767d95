"""One finished run that the tests of this folder share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from workflow_runs import AWKWARD, CONFIG, OWN_FILES, without_network


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `dolor run` has run, without a network and with a read-only input."""
    folder = tmp_path_factory.mktemp(AWKWARD)
    own = folder / AWKWARD
    own.mkdir()
    subprocess.run(
        [
            *(sys.executable, "-m", "dolor", "simulate", "drg", "--animals", "2", "--cells", "60", "--seed", "7"),
            *("--out", str(own / "cells é.h5ad"), "--truth", str(folder / "truth.tsv")),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    (own / "cells é.h5ad").chmod(0o444)
    own.chmod(0o555)
    for name, text in OWN_FILES.items():
        (folder / name).write_text(text)
    (folder / "run.yaml").write_text(CONFIG)
    done = subprocess.run(
        [*without_network(), sys.executable, "-m", "dolor", "run", "run.yaml", "--cores", "2"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    (folder / "stdout.txt").write_text(done.stdout)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
