"""The workflow as a user runs it: from nothing to a report, and what stops it before it begins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from workflow_runs import AWKWARD, ROOT, environment, hashes, plan, snakemake, without_network

pytestmark = pytest.mark.workflow


def test_every_result_is_there_with_its_side_file(finished: Path) -> None:
    for dataset in ("simulated_drg", "own_drg"):
        files = {path.name for path in (finished / "results" / dataset).iterdir()}
        expected = {"cells.h5ad", "profiles.h5ad", "quality.json"} | {
            f"{name}.parquet" for name in ("interactions", "contrasts", "composition", "annotation", "sex")
        }
        expected |= {"annotation_quality.json", "ambient.parquet", "ambient_evidence.parquet"}
        assert expected <= files
        assert {f"{name}.json" for name in expected} <= files
        assert not any(name.startswith(".") for name in files)
    assert (finished / "results" / "report.html").stat().st_size > 100_000
    assert {"claims.parquet", "meta.parquet", "methods.md"} <= {path.name for path in (finished / "results").iterdir()}


def test_the_run_ends_with_what_was_found_and_where(finished: Path) -> None:
    lines = (finished / "stdout.txt").read_text().splitlines()
    assert lines[0].startswith("Simulated data: ")
    assert [line.partition(":")[0] for line in lines[1:3]] == ["own_drg", "simulated_drg"]
    assert lines[3].startswith("Statements of the review: ")
    assert len(lines) == 5
    assert lines[-1] == "Report: results/report.html"


def test_the_report_of_snakemake_holds_ours_with_its_captions(finished: Path) -> None:
    done = subprocess.run(
        snakemake(finished, "--report", "snakemake_report.html"), capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr[-2000:]
    page = (finished / "snakemake_report.html").read_text(encoding="utf-8")
    captions = (
        "in one interactive page", "the methods of the run as text", "supports, opposes, silent or untestable",
        "which immune signals reach which neurons",
    )  # fmt: skip
    for words in captions:
        assert words in page.lower(), words
    ours = (finished / "results" / "report.html").stat().st_size
    assert len(page) > ours


def test_no_network_is_needed(finished: Path) -> None:
    if not without_network():
        pytest.skip("this machine does not allow `unshare --net`, so the shared run had a network")
    assert (finished / "results" / "report.html").is_file()


def test_nothing_is_written_beside_the_input(finished: Path) -> None:
    assert [path.name for path in (finished / AWKWARD).iterdir() if not path.name.endswith(".json")] == ["cells é.h5ad"]


def test_every_job_leaves_a_log_and_a_benchmark(finished: Path) -> None:
    logs = {path.relative_to(finished / "results" / "logs").with_suffix("") for path in (finished / "logs").rglob("*.log")}
    tables = list((finished / "results" / "logs").rglob("*.benchmark.jsonl"))
    assert {path.relative_to(finished / "results" / "logs").with_suffix("").with_suffix("") for path in tables} == logs
    assert "max_rss" in tables[0].read_text()


def test_a_second_run_has_nothing_to_do(finished: Path) -> None:
    before = hashes(finished, "*")
    assert plan(finished) == {}
    assert hashes(finished, "*") == before


def test_one_dataset_that_cannot_be_read_names_the_fault(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(
        "datasets: [{id: mine, study: absent.h5ad, compartment: drg, reference: {condition: sham}}]\n"
    )
    done = subprocess.run(snakemake(tmp_path), capture_output=True, text=True, env=environment())
    assert done.returncode != 0
    assert "absent.h5ad" in done.stderr


def test_the_demo_does_not_leak_into_another_configuration(data_dir: Path) -> None:
    plan = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run"),
            *("--printshellcmds", "--forceall", "--cores", "1"),
            *("--configfile", str(ROOT / "config" / "kang2018.yaml"), "--directory", str(ROOT)),
        ],
        capture_output=True, text=True, env=environment(DOLOR_DATA=str(data_dir)),
    )  # fmt: skip
    assert plan.returncode == 0, plan.stderr[-2000:]
    assert "--reference-condition control" in plan.stdout + plan.stderr
    assert "--groupby cell_class" in plan.stdout + plan.stderr
    assert "simulated" not in plan.stdout


def test_an_unknown_key_stops_before_any_job(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("datasets: [{id: one, compartment: drg}]\nqualty: 1\n")
    done = subprocess.run(snakemake(tmp_path), capture_output=True, text=True, env=environment())
    assert done.returncode != 0
    assert "unknown key 'qualty'; did you mean 'quality'?" in done.stderr
    assert not (tmp_path / "results").exists()
