"""`dolor run` and `dolor doctor`: what they show, what they say of a fault, and whom they let in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dolor import workflow
from dolor.cli import main
from dolor.core.errors import DataError, UsageError
from dolor.workflow.launch import sole_run
from dolor.workflow.paths import profile_path
from dolor.workflow.progress import Progress

pytestmark = pytest.mark.workflow

SAID = """\
Job stats:
job         count
--------  -------
annotate        1
total          13
[Wed Nov 25 22:00:00 2026]
rule annotate:
    input: results/one/kept.h5ad
    log: logs/annotate/one.log
    jobid: 7
    wildcards: dataset=one
[Wed Nov 25 22:00:41 2026]
Finished jobid: 7 (Rule: annotate)
3 of 13 steps (23%) done
rule score:
    log: logs/score/one.log
    jobid: 8
    wildcards: dataset=one
Error in rule score:
    jobid: 8
    log: logs/score/one.log (check log file(s) for error details)
Command 'dolor score' returned non-zero exit status 3.
""".splitlines()


def test_progress_tells_what_was_done_and_how_long_it_took() -> None:
    times = iter(range(0, 1000, 41))
    progress = Progress(clock=lambda: next(times))
    told = [said for line in SAID[:14] if (said := progress.take(line))]
    assert told == ["annotate one  0:41"]
    assert (progress.done, progress.total) == (3, 13)


def test_progress_names_the_jobs_that_run_and_fits_the_terminal() -> None:
    progress = Progress(clock=lambda: 0.0)
    for line in SAID[:11]:
        progress.take(line)
    assert "annotate one 0:00" in progress.line(80)
    assert len(progress.line(30)) == 30


def test_progress_remembers_the_job_that_failed_its_log_and_its_exit_code() -> None:
    progress = Progress()
    for line in SAID:
        progress.take(line)
    (job,) = progress.failed.values()
    assert (str(job), job.log, progress.status) == ("score one", "logs/score/one.log", 3)
    assert not progress.running


def test_a_job_that_succeeds_when_tried_again_has_not_failed() -> None:
    progress = Progress()
    for line in [*SAID, *SAID[14:18], "Finished jobid: 8 (Rule: score)"]:
        progress.take(line)
    assert not progress.failed


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with sole_run(tmp_path), pytest.raises(UsageError, match="another run is at work here"), sole_run(tmp_path):
        pass
    with sole_run(tmp_path) as hold:
        assert not hold.left_by_the_dead


def test_a_run_that_was_killed_is_known_by_the_next(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom dolor.workflow.launch import sole_run\n"
        "with sole_run(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)])
    with sole_run(tmp_path) as hold:
        assert hold.left_by_the_dead


def test_a_lock_of_snakemake_itself_is_left_to_its_owner(tmp_path: Path) -> None:
    lock = tmp_path / ".snakemake" / "locks" / "0.output.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(UsageError, match="dolor run --unlock"), sole_run(tmp_path):
        pass
    assert lock.exists()


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file: cannot be written to"), sole_run(tmp_path / "file"):
        pass


def test_an_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="no profile 'slrum'.* default"):
        profile_path("slrum")


def test_a_job_that_fails_is_told_in_one_sentence_with_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "empty.h5ad").touch()
    (tmp_path / "run.yaml").write_text(
        "datasets: [{id: mine, study: empty.h5ad, compartment: drg, reference: {condition: sham}}]\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "dolor", "run", "run.yaml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 3
    assert done.stderr == (
        "dolor: read mine failed: empty.h5ad: is empty (0 bytes) (log: results/logs/read/mine.log). "
        "What was finished is kept; mend this and run again\n"
    )


def test_a_study_without_a_reference_condition_is_asked_for_one_before_any_job(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.yaml").write_text("datasets: [{id: mine, study: mine.h5ad, compartment: drg}]\n")
    with pytest.raises(SystemExit) as left:
        main(["run", str(tmp_path / "run.yaml"), "--directory", str(tmp_path)])
    assert left.value.code == 2
    assert "dataset 'mine': name the condition that the others are compared with" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["run.yaml"]


def _doctor(config: Path, folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"ok": [], "note": [], "fault": []}
    for finding in workflow.examine(config, folder):
        found[finding.state].append(finding.text)
    return found


def test_doctor_finds_nothing_wrong_with_the_demo(tmp_path: Path) -> None:
    found = _doctor(workflow.workflow_path("config/config.yaml"), tmp_path)
    assert not found["fault"]
    assert any("3 datasets" in text for text in found["ok"])


def test_doctor_names_every_fault_of_a_configuration_and_leaves_with_the_code_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "there.h5ad").write_bytes(b"0" * 2**20)
    config = tmp_path / "run.yaml"
    config.write_text(
        json.dumps(
            {
                "datasets": [
                    {"id": "absent", "study": "absent.h5ad", "compartment": "drg"},
                    {"id": "there", "study": "there.h5ad", "compartment": "drg"},
                    {"id": "unknown", "study": "kang2019", "compartment": "drg"},
                ],
                "pairs": {"file": "pairs.tsv"},
                "contrast": {"reference": {"condition": "sham"}},
            }
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "dolor", "doctor", str(config), "--directory", str(tmp_path)],
        capture_output=True, text=True,
    )  # fmt: skip
    faults = [line for line in done.stdout.splitlines() if line.startswith("fault")]
    assert done.returncode == 3
    assert len(faults) == 3
    assert "absent.h5ad: no such file" in faults[0]
    assert "did you mean 'kang2018'" in faults[1]
    assert "pairs.tsv: no such file" in faults[2]
    assert f"{tmp_path / 'there.h5ad'}, 1.0 MiB" in done.stdout


def test_doctor_says_how_to_install_an_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dolor.workflow import doctor

    asked = ["harmonypy>=0.0.10; extra == 'harmony'", "numpy>=99", "nowhere>=1"]
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: asked)
    monkeypatch.setattr(doctor, "_compiled", lambda: doctor.Finding("ok", ""))
    real = doctor.metadata.version

    def version(name: str) -> str:
        if name == "harmonypy":
            raise doctor.metadata.PackageNotFoundError
        return real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    found = {state: [f.text for f in doctor.examine(None, tmp_path) if f.state == state] for state in ("note", "fault")}
    assert any("pip install 'dolor[harmony]'" in text for text in found["note"])
    assert any(text.startswith("package numpy") and "pip install 'numpy>=99'" in text for text in found["fault"])
    assert any(text == "package nowhere: not installed; pip install 'nowhere>=1'" for text in found["fault"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_doctor_sees_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert any(
        "cannot be written to" in text
        for text in _doctor(workflow.workflow_path("config/config.yaml"), tmp_path)["fault"]
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("to_group", [False, True], ids=["command", "group"])
def test_a_signal_ends_the_run_and_all_its_jobs(tmp_path: Path, number: signal.Signals, to_group: bool) -> None:
    (tmp_path / "run.yaml").write_text(
        "datasets: [{id: one, study: simulated, compartment: drg}]\nsimulate: {animals: 2, cells: 50}\n"
    )
    # A job that would take minutes, and does not end when it is asked to.
    shim = tmp_path / "bin" / "dolor"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\ntrap '' INT TERM HUP\ntouch {tmp_path}/begun\nsleep 271\n")
    shim.chmod(0o755)
    program = (
        "from importlib import import_module; l = import_module('dolor.workflow.launch'); real = l._environment\n"
        f"l._environment = lambda: {{**real(), 'PATH': {str(shim.parent)!r} + ':' + real()['PATH']}}\n"
        "from dolor.cli import main; main(['run', 'run.yaml'])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (tmp_path / "begun").exists():
        assert child.poll() is None
        time.sleep(0.05)
    (os.killpg if to_group else os.kill)(child.pid, number)
    _, said = child.communicate(timeout=10)
    assert child.returncode == 128 + number
    assert said.count("dolor: ended by") == 1
    left = [process for process in psutil.process_iter() if _in_session(process, child.pid)]
    assert left == []


def _in_session(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.Error):
        return False
