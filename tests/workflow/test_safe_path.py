"""Files that lie in the working folder are data: no module and no cache of compiled code is taken from there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from workflow_runs import environment, snakemake

pytestmark = pytest.mark.workflow

CONFIG = """\
datasets: [{id: one, study: simulated, compartment: drg}]
simulate: {animals: 1, cells: 50}
"""
NAMES = ("snakemake", "queue", "json", "yaml", "numpy", "dolor", "sitecustomize", "pulp", "encodings")


@pytest.fixture
def poisoned(tmp_path: Path) -> Path:
    """A folder of a configuration with modules that say when they are imported."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'a').write({name!r} + ' ')\n")
    (tmp_path / ".numba_config.yaml").write_text(f"cache_dir: {tmp_path / 'cache'}\n")
    (tmp_path / "run.yaml").write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize("start", [["-P", "-m", "dolor"], ["script"], ["-m", "dolor"]], ids=" ".join)
def test_dolor_run_imports_nothing_of_the_working_folder(poisoned: Path, start: list[str]) -> None:
    script = Path(sys.executable).parent / "dolor"
    words = [str(script)] if start == ["script"] else [sys.executable, *start]
    if start == ["-m", "dolor"]:
        # Python itself looks there for the package; all that dolor imports comes from where it is installed.
        (poisoned / "dolor.py").unlink()
    target = "results/one/quality.json"
    done = subprocess.run([*words, "run", "run.yaml", "--", target], cwd=poisoned, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (poisoned / target).is_file()
    assert not (poisoned / "imported").exists(), (poisoned / "imported").read_text()
    assert not (poisoned / "cache").exists()


def test_snakemake_itself_gives_its_jobs_the_safe_path(poisoned: Path) -> None:
    target = "results/resources/simulated/one.h5ad"
    words = [sys.executable, "-P", *snakemake(poisoned, target)[1:]]
    done = subprocess.run(words, cwd=poisoned, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (poisoned / "imported").exists()
