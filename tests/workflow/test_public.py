"""A run that names public studies by their id alone: planned, downloaded from a local server, read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dolor.config import load
from dolor.studies import registry
from dolor.studies.files import is_offered

sys.path.insert(0, str(Path(__file__).parents[1] / "make_formats"))
from studies import STUDIES

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ROOT / "config" / "public.yaml"


def _run(
    folder: Path, config: Path, *more: str, setting: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOLOR_")}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}", **(setting or {})}
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)),
        *("--cores", "2", "--configfile", str(config), "--profile", str(ROOT / "profiles" / "default"), *more),
    ]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_the_public_run_covers_the_axis_in_both_species() -> None:
    datasets = load(PUBLIC).datasets
    studies = [registry.show(dataset.study) for dataset in datasets]
    assert len(studies) >= 8
    assert all(study.readable and is_offered(study) for study in studies)
    assert all(dataset.compartment == study.compartment for dataset, study in zip(datasets, studies, strict=True))
    covered = {(study.compartment, study.organism) for study in studies}
    assert covered == {(where, who) for where in ("drg", "nerve", "spinal_cord") for who in ("mouse", "human")}


def test_the_table_of_datasets_says_the_same_as_a_list(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(f"datasets: '{ROOT / 'config' / 'datasets.tsv'}'\n")
    from_table = load(tmp_path / "run.yaml").datasets
    from_list = {dataset.id: dataset for dataset in load(PUBLIC).datasets}
    assert from_table
    assert all(from_list[dataset.id] == dataset for dataset in from_table)


@pytest.mark.workflow
def test_the_public_run_is_planned_without_a_network(tmp_path: Path) -> None:
    plan = _run(tmp_path, PUBLIC, "--dry-run")
    assert plan.returncode == 0, plan.stderr[-2000:]
    number = len(load(PUBLIC).datasets)
    jobs = {line.split()[0]: line.split()[1] for line in plan.stdout.splitlines() if len(line.split()) == 2}
    assert [jobs[rule] for rule in ("fetch", "read", "annotate", "contrast", "report")] == [str(number)] * 4 + ["1"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """The address of a local server that offers small files of two studies."""
    for name in ("GSE162610", "GSE198485"):
        (tmp_path / "offered" / name).mkdir(parents=True)
        STUDIES[name][0](tmp_path / "offered" / name)
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "offered")))
    threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.mark.workflow
def test_an_id_is_all_that_a_run_needs(mirror: str, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(
        "datasets:\n  - {id: cord, study: GSE162610, compartment: spinal_cord}\n"
        "  - {id: ganglia, study: GSE198485, compartment: drg}\n"
    )
    wanted = [f"results/{dataset}/raw.h5ad" for dataset in ("cord", "ganglia")]
    done = _run(tmp_path, config, "--notemp", *wanted, setting={"DOLOR_MIRROR": mirror})
    assert done.returncode == 0, done.stderr[-3000:]
    for dataset, study in (("cord", "GSE162610"), ("ganglia", "GSE198485")):
        assert (tmp_path / "results" / dataset / "raw.h5ad").is_file()
        assert (tmp_path / "data" / study / "downloads.lock.json").is_file()
    again = _run(tmp_path, config, "--notemp", *wanted, setting={"DOLOR_OFFLINE": "1"})
    assert "Nothing to be done" in again.stderr + again.stdout


@pytest.mark.workflow
def test_a_run_without_a_network_says_what_is_missing(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("datasets: [{id: cord, study: GSE162610, compartment: spinal_cord}]\n")
    done = _run(tmp_path, config, "--until", "fetch", setting={"DOLOR_OFFLINE": "1"})
    assert done.returncode != 0
    assert "GSE162610_sci_mat.mtx.gz: is not here and DOLOR_OFFLINE is set" in done.stderr
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("study", "message"),
    [
        ("GSE162611", "the registry has no study 'GSE162611'; did you mean"),
        ("GSE139088", "the registry does not know enough of 'GSE139088' to read it by name"),
        ("mine.h5ad", "dataset 'x': name the condition that the others are compared with"),
    ],
)
def test_a_study_that_cannot_be_had_stops_before_any_job(tmp_path: Path, study: str, message: str) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(f"datasets: [{{id: x, study: {study}, compartment: drg}}]\n")
    done = _run(tmp_path, config, "--dry-run")
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
