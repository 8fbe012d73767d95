"""The workflow as a user runs it: from nothing to a report, again with nothing to do, and after a kill."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "tests" / "workflow" / "small.yaml"

pytestmark = pytest.mark.workflow


def _command(folder: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)),
        *("--cores", "2", "--configfile", str(CONFIG), "--profile", str(ROOT / "profiles" / "default"), *more),
    ]


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(_command(folder, *more), capture_output=True, text=True, env=_environment())
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def _tables(folder: Path) -> dict[str, str]:
    """Return the hash of every table of a run."""
    found = sorted((folder / "results").rglob("*.parquet"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, its name with a space and an accent, in which the workflow has run."""
    folder = tmp_path_factory.mktemp("a run à part")
    _run(folder)
    return folder


def test_every_result_is_there_with_its_side_file(finished: Path) -> None:
    for dataset in ("simulated_drg", "simulated_nerve", "simulated_cord"):
        files = {path.name for path in (finished / "results" / dataset).iterdir()}
        expected = {"cells.h5ad", "profiles.h5ad", "quality.json"} | {
            f"{name}.parquet" for name in ("interactions", "contrasts", "composition", "annotation", "sex")
        }
        expected |= {"annotation_quality.json", "ambient.parquet", "ambient_evidence.parquet"}
        assert expected <= files
        assert {f"{name}.json" for name in expected} <= files
        assert not any(name.startswith(".") for name in files)
    assert (finished / "results" / "report.html").stat().st_size > 100_000
    assert (finished / "results" / "claims.parquet").is_file()


def test_the_summary_says_five_things_and_names_the_report(finished: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dolor", "summary", "results"], cwd=finished, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("Simulated data: ")
    assert lines[-1] == "Report: results/report.html"


def test_the_report_of_snakemake_holds_ours_with_its_captions(finished: Path) -> None:
    _run(finished, "--report", "snakemake_report.html")
    page = (finished / "snakemake_report.html").read_text(encoding="utf-8")
    captions = (
        "in one interactive page", "the methods of the run as text", "supports, opposes, silent or untestable",
        "which immune signals reach which neurons",
    )  # fmt: skip
    for words in captions:
        assert words in page.lower(), words
    ours = (finished / "results" / "report.html").stat().st_size
    assert len(page) > ours


def test_a_second_run_has_nothing_to_do(finished: Path) -> None:
    assert "Nothing to be done" in _run(finished).stderr


def test_a_changed_parameter_reruns_what_depends_on_it_and_nothing_else(finished: Path) -> None:
    plan = _run(finished, "--dry-run", "--quiet", "rules", "--config", 'contrast={"formula": "~ condition + sex"}')
    jobs = plan.stdout + plan.stderr
    assert "contrast" in jobs
    assert "claims" in jobs
    assert "report" in jobs
    for untouched in ("simulate ", "annotate ", "profiles ", "score "):
        assert f"\n{untouched}" not in jobs


def test_a_killed_run_resumes_to_the_same_tables(finished: Path, tmp_path: Path) -> None:
    child = subprocess.Popen(
        _command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(),
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("results/*/annotation.parquet")) and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "results" / "report.html").exists()
    _run(tmp_path, "--unlock")
    _run(tmp_path)
    assert _tables(tmp_path) == _tables(finished)


def test_one_dataset_that_cannot_be_read_names_the_fault(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("datasets: [{id: mine, study: absent.h5ad, compartment: drg}]\n")
    done = subprocess.run(
        [*_command(tmp_path)[:-2], "--config", "seed=0", "--configfile", str(config)],
        capture_output=True, text=True, env=_environment(),
    )  # fmt: skip
    assert done.returncode != 0
    assert "absent.h5ad" in done.stderr


def test_the_demo_does_not_leak_into_another_configuration(data_dir: Path) -> None:
    plan = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run"),
            *("--printshellcmds", "--forceall", "--cores", "1"),
            *("--configfile", str(ROOT / "config" / "kang2018.yaml"), "--directory", str(ROOT)),
        ],
        capture_output=True, text=True, env={**_environment(), "DOLOR_DATA": str(data_dir)},
    )  # fmt: skip
    assert plan.returncode == 0, plan.stderr[-2000:]
    assert "--reference-condition control" in plan.stdout + plan.stderr
    assert "--groupby cell_class" in plan.stdout + plan.stderr
    assert "simulated" not in plan.stdout


def test_an_unknown_key_stops_before_any_job(tmp_path: Path) -> None:
    done = subprocess.run(
        _command(tmp_path, "--config", "qualty=1"), capture_output=True, text=True, env=_environment()
    )
    assert done.returncode != 0
    assert "unknown key 'qualty'; did you mean 'quality'?" in done.stderr
    assert not (tmp_path / "results").exists()
