"""What is done again after a change: exactly what depends on it, and nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from workflow_runs import AWKWARD, CONFIG, OWN_PAIRS, OWN_POPULATIONS, ROOT, plan

pytestmark = pytest.mark.workflow

SHARED = {"meta": 1, "claims": 1, "methods": 1, "report": 1, "all": 1}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, the knowledge and the workflow, to be changed."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("src", "signatures", "workflows", "profiles", "config"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", root)
    return root


def _appended(path: Path, text: str) -> None:
    with path.open("a") as stream:
        stream.write(text)


def test_a_touched_input_runs_its_own_dataset_again_and_what_joins_datasets(finished: Path) -> None:
    own = finished / AWKWARD / "cells é.h5ad"
    before = own.stat()
    os.utime(own)
    try:
        found = plan(finished)
    finally:
        os.utime(own, ns=(before.st_atime_ns, before.st_mtime_ns))
    stages = ("read", "quality", "annotate", "profiles", "score", "contrast")
    assert found == {**dict.fromkeys(stages, 1), **SHARED}


def test_a_changed_parameter_runs_what_takes_it(finished: Path) -> None:
    found = plan(finished, "--config", 'contrast={"formula": "~ condition + sex", "reference": {"condition": "naive"}}')
    assert found == {"contrast": 2, **SHARED}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (OWN_PAIRS, {"profiles": 2, "score": 2, "contrast": 2, **SHARED}),
        (OWN_POPULATIONS, {"annotate": 2, "profiles": 2, "score": 2, "contrast": 2, **SHARED}),
    ],
)
def test_a_changed_file_of_own_pairs_or_populations_runs_what_reads_it(
    finished: Path, name: str, expected: dict[str, int]
) -> None:
    path = finished / name
    before = path.read_text(), path.stat()
    path.write_text(before[0] + before[0].splitlines()[-1].replace("Spp1", "Tnf").replace("Sox17", "Sox7") + "\n")
    try:
        found = plan(finished)
    finally:
        path.write_text(before[0])
        os.utime(path, ns=(before[1].st_atime_ns, before[1].st_mtime_ns))
    # What annotation needs of quality control was temporary, so it is made again with it.
    assert {rule: number for rule, number in found.items() if rule not in ("simulate", "read", "quality")} == expected
    assert plan(finished) == {}


def _planned_with(finished: Path, config: str) -> dict[str, int]:
    """Plan the run of another configuration in the same folder."""
    path = finished / "run.yaml"
    path.write_text(config)
    try:
        return plan(finished)
    finally:
        path.write_text(CONFIG)


def test_a_dataset_that_is_taken_out_runs_again_what_joins_datasets(finished: Path) -> None:
    kept = "".join(line for line in CONFIG.splitlines(keepends=True) if "id: own_drg" not in line)
    # One dataset is left: there is nothing to combine.
    assert _planned_with(finished, kept) == {"claims": 1, "methods": 1, "report": 1, "all": 1}


def test_a_dataset_that_is_renamed_is_made_anew_and_what_joins_datasets(finished: Path) -> None:
    found = _planned_with(finished, CONFIG.replace("id: own_drg", "id: my_drg"))
    stages = ("read", "quality", "annotate", "profiles", "score", "contrast")
    assert found == {**dict.fromkeys(stages, 1), **SHARED}


def test_a_moved_checkout_runs_nothing(finished: Path, checkout: Path) -> None:
    assert plan(finished, root=checkout) == {}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("src/dolor/report/build.py", {"report": 1, "all": 1}),
        ("src/dolor/contrasts/contrast.py", {"contrast": 2, **SHARED}),
        ("signatures/mediators.tsv", {"profiles": 2, "score": 2, "contrast": 2, **SHARED}),
    ],
)
def test_changed_code_and_knowledge_run_what_rests_on_them(
    finished: Path, checkout: Path, changed: str, expected: dict[str, int]
) -> None:
    path = checkout / changed
    before = path.read_bytes()
    _appended(path, "\n")
    try:
        assert plan(finished, root=checkout) == expected
    finally:
        path.write_bytes(before)
