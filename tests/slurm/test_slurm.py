"""The run of several datasets as jobs of a real SLURM, on one node that this test starts and stops.

Opt-in (`make slurm-test`): needs root, and Debian's packages slurmctld, slurmd, slurm-client and munge.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = Path(__file__).with_name("cluster.sh")
DAEMONS = ("munged", "slurmctld", "slurmd")
STAGES = ("simulate", "read", "quality")

pytestmark = pytest.mark.slurm

# Fails at the first call of the stage, as a job does that is killed for memory, and is the real command ever after.
FAILS_ONCE = """\
#!/bin/sh
if [ "$1" = quality ] && mkdir "$DOLOR_TEST_FAILED" 2>/dev/null; then
  echo "dolor: killed, as a test wishes" >&2
  exit 137
fi
exec {real} -m dolor "$@"
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Start SLURM, and stop it."""
    missing = [name for name in DAEMONS if not shutil.which(name)]
    if missing:
        pytest.skip(f"needs SLURM on this machine: {', '.join(missing)} not found")
    if os.geteuid() != 0:
        pytest.skip("needs root to start the daemons of SLURM")
    folder = tmp_path_factory.mktemp("slurm")
    subprocess.run([CLUSTER, "start", folder], check=True)
    try:
        yield
    finally:
        subprocess.run([CLUSTER, "stop", folder], check=True)


@pytest.mark.usefixtures("cluster")
def test_every_stage_of_every_dataset_is_a_job_and_a_failed_one_is_sent_again(tmp_path: Path) -> None:
    shim = tmp_path / "bin" / "dolor"
    shim.parent.mkdir()
    shim.write_text(FAILS_ONCE.format(real=sys.executable))
    shim.chmod(0o755)
    (tmp_path / "run.yaml").write_text(
        "datasets: [{id: one, study: simulated, compartment: drg}, {id: two, study: simulated, compartment: nerve}]\n"
        "simulate: {animals: 2, cells: 60}\n"
    )
    failed = tmp_path / "failed"
    path = os.pathsep.join([str(shim.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path)),
            *("--workflow-profile", str(ROOT / "profiles" / "slurm"), "--configfile", str(tmp_path / "run.yaml")),
            *("--slurm-no-account", "--slurm-status-command", "squeue"),
            *("--slurm-init-seconds-before-status-checks", "5", "--latency-wait", "5"),
            *(f"results/{name}/sex.parquet" for name in ("one", "two")),
        ],
        env={**os.environ, "PATH": path, "DOLOR_TEST_FAILED": str(failed)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert failed.is_dir()
    assert (tmp_path / "results" / "one" / "sex.parquet").is_file()
    assert (tmp_path / "results" / "two" / "sex.parquet").is_file()
    jobs = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--format=%T"], capture_output=True, text=True, check=True
    )
    ended = jobs.stdout.split()
    assert ended.count("COMPLETED") == len(STAGES) * 2
    assert ended.count("FAILED") == 1
