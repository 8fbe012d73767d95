"""A run that is killed leaves no half-written file, and goes on to the tables that it would have made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workflow_runs import CONFIG, OWN_FILES, environment, hashes, snakemake

pytestmark = pytest.mark.workflow

# Says that a stage has begun, and gives the test the time to kill it while it writes.
SHIM = """\
#!/bin/sh
if [ "$1" = "$DOLOR_TEST_KILL_AT" ]; then touch "$DOLOR_TEST_BEGUN"; fi
exec {python} -m dolor "$@"
"""
RULES = (
    "simulate",
    "read",
    "quality",
    "annotate",
    "profiles",
    "score",
    "contrast",
    "meta",
    "claims",
    "methods",
    "report",
)
TWO = """\
datasets:
  - {id: one, study: simulated, compartment: drg}
  - {id: two, study: simulated, compartment: drg}
simulate: {animals: 2, cells: 50}
"""


def _started(command: list[str], folder: Path, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, cwd=folder, env=environment(**more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def _kill_when(child: subprocess.Popen[bytes], seen: Path, *, then: float = 0.0) -> None:
    """Kill a run and all its jobs at once, when a file has appeared."""
    deadline = time.monotonic() + 600
    while not seen.exists():
        assert child.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(then)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _half_written(folder: Path, whole: dict[str, str]) -> list[str]:
    """Name the results that are there and are not as they should be."""
    return [name for name, found in hashes(folder).items() if whole[name] != found]


def test_dolor_run_goes_on_by_itself_after_a_kill(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("\n".join(line for line in CONFIG.splitlines() if "own_drg" not in line))
    for name, text in OWN_FILES.items():
        (tmp_path / name).write_text(text)
    target = "results/simulated_drg/contrasts.parquet"
    command = [sys.executable, "-m", "dolor", "run", "run.yaml", "--", target]
    _kill_when(_started(command, tmp_path), tmp_path / "results" / "simulated_drg" / "annotation.parquet")
    whole = hashes(finished)
    assert _half_written(tmp_path, whole) == []
    assert not (tmp_path / target).exists()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path)[target] == whole[target]


@pytest.mark.slow
def test_a_kill_at_every_rule_changes_nothing(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    shim = tmp_path / "bin" / "dolor"
    for folder in (whole, killed, shim.parent):
        folder.mkdir()
    shim.write_text(SHIM.format(python=sys.executable))
    shim.chmod(0o755)
    for folder in (whole, killed):
        (folder / "run.yaml").write_text(TWO)
    subprocess.run(snakemake(whole), check=True, capture_output=True, env=environment())
    expected = hashes(whole)
    path = os.pathsep.join([str(shim.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    for number, rule in enumerate(RULES):
        begun = tmp_path / f"begun-{rule}"
        child = _started(
            snakemake(killed, "--forcerun", rule),
            killed,
            PATH=path,
            DOLOR_TEST_KILL_AT=rule,
            DOLOR_TEST_BEGUN=str(begun),
        )
        # Forced, since an earlier run may have come past it; killed while it loads, reads, computes or writes.
        _kill_when(child, begun, then=0.4 * (number % 5))
        assert _half_written(killed, expected) == []
        subprocess.run(snakemake(killed, "--unlock"), check=True, capture_output=True, env=environment())
    subprocess.run(snakemake(killed), check=True, capture_output=True, env=environment())
    assert hashes(killed) == expected
    assert hashes(killed, "methods.md") == hashes(whole, "methods.md")
