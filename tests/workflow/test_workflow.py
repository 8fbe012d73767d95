"""The workflow as a user runs it: from nothing to a report, and what stops it before it begins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from workflow_runs import AWKWARD, OWN_POPULATIONS, ROOT, environment, hashes, plan, snakemake, without_network

from dolor.cli import main
from dolor.report.data import read_run
from dolor.report.methods import methods

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
    assert lines[3].startswith("Claims of the review: ")
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
    # The run of `finished` was started with these words: what they leave is no way out.
    seen = "import socket; print([name for _, name in socket.if_nameindex()])"
    words = [*without_network(), sys.executable, "-c", seen]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() == "['lo']"
    assert (finished / "results" / "report.html").is_file()


def test_nothing_is_written_beside_the_input(finished: Path) -> None:
    assert [path.name for path in (finished / AWKWARD).iterdir() if not path.name.endswith(".json")] == ["cells é.h5ad"]


def test_every_job_leaves_a_log_and_a_benchmark(finished: Path) -> None:
    folder = finished / "results" / "logs"
    logs = {path.relative_to(folder).with_suffix("") for path in folder.rglob("*.log")}
    tables = list(folder.rglob("*.benchmark.jsonl"))
    assert {path.relative_to(folder).with_suffix("").with_suffix("") for path in tables} == logs
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


def test_own_pairs_and_populations_reach_every_stage_that_reads_them(finished: Path) -> None:
    results = finished / "results"
    for stage, names in {
        "own_drg/cells.h5ad": {"populations"},
        "own_drg/profiles.h5ad": {"pairs", "populations"},
        "own_drg/interactions.parquet": {"pairs"},
        "own_drg/contrasts.parquet": {"pairs", "populations"},
        "claims.parquet": {"populations"},
    }.items():
        inputs = json.loads((results / f"{stage}.json").read_text())["inputs"]
        assert {name for name in ("pairs", "populations") if any(name in file for file in inputs)} == names, stage
    pairs = pd.read_parquet(results / "own_drg" / "interactions.parquet", columns=["interaction_id"])
    assert "SPP1:CD44" in set(pairs["interaction_id"])
    assert "my_cell" in read_run(results, ["own_drg"], signatures=finished / OWN_POPULATIONS).tree.ids()


def test_what_joins_datasets_reads_those_that_are_named(finished: Path, tmp_path: Path) -> None:
    results = finished / "results"
    assert [each.dataset_id for each in read_run(results, ["own_drg"]).datasets] == ["own_drg"]
    assert read_run(results, ["own_drg"]).meta.empty
    assert len(read_run(results, ["own_drg", "simulated_drg"]).meta)
    assert "simulated_drg" not in methods(results, ["own_drg"])
    with pytest.raises(SystemExit) as left:
        main(["claims", str(results), "--dataset", "own_drg", "--out", str(tmp_path / "claims.parquet")])
    assert left.value.code == 0
    assert set(pd.read_parquet(tmp_path / "claims.parquet")["dataset_id"]) == {"own_drg"}


def test_every_file_of_a_run_is_an_output_of_a_rule(finished: Path) -> None:
    listed = subprocess.run(
        snakemake(finished, "--summary"), capture_output=True, text=True, env=environment(), check=True
    )
    declared = {line.split("\t")[0] for line in listed.stdout.splitlines()[1:]}
    there = {
        str(path.relative_to(finished))
        for path in (finished / "results").rglob("*")
        if path.is_file() and "logs" not in path.parts and path.name != ".dolor_working_folder"
    }
    assert there <= declared


def test_jobs_use_the_threads_that_their_rules_declare(finished: Path) -> None:
    done = subprocess.run(
        snakemake(finished, "--dry-run", "--printshellcmds", "--forceall", "--cores", "3"),
        capture_output=True, text=True, env=environment(),
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "dolor --threads 3 contrast" in said
    assert "dolor --threads 1 annotate" in said


def test_threads_are_obeyed_by_pools_numba_and_linear_algebra() -> None:
    script = (
        "import sys\nfrom dolor.core.threads import allot, n_threads\nallot(2)\n"
        "import numba, numpy, threadpoolctl\n"
        "print(n_threads(), numba.config.NUMBA_NUM_THREADS,"
        " max(each['num_threads'] for each in threadpoolctl.threadpool_info()))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "2", "2"]


def test_two_working_folders_cannot_share_results(finished: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(f"results: {json.dumps(str(finished / 'results'))}\ndatasets: [{{id: a, compartment: drg}}]\n")
    with pytest.raises(SystemExit) as left:
        main(["run", str(config), "--directory", str(tmp_path)])
    assert left.value.code == 2
    assert not (finished / "results" / "a").exists()


@pytest.mark.parametrize("seed", ["010", "10"])
def test_snakemake_is_given_the_numbers_that_dolor_reads(tmp_path: Path, seed: str) -> None:
    (tmp_path / "run.yaml").write_text(f"title: no\nseed: {seed}\ndatasets: [{{id: 2026-11-30, compartment: drg}}]\n")
    done = subprocess.run(
        snakemake(tmp_path, "--dry-run", "--printshellcmds"), capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "--seed 10 " in done.stdout + done.stderr
    assert "--title no" in done.stdout + done.stderr
    assert "results/2026-11-30/cells.h5ad" in done.stdout + done.stderr
