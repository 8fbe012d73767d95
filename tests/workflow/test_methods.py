"""The methods say what a finished run did, and follow the parameters that its side files keep."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dolor.core.errors import DataError
from dolor.report import methods

TRANSFERS = {
    "scANVI from cells that their markers named with a confidence of 0.9 or more": {"transfer": "scanvi"},
    "scANVI from the labelled cells of atlas.h5ad": {"transfer": "scanvi", "reference": "/somewhere/atlas.h5ad"},
    "CellTypist with the model nerve.pkl": {"transfer": "celltypist", "celltypist_model": "models/nerve.pkl"},
}


@pytest.fixture
def results(finished: Path, tmp_path: Path) -> Path:
    """Side files of the finished run, to be changed."""
    for path in (finished / "results").glob("*/*.json"):
        (tmp_path / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / path.parent.name / path.name)
        (tmp_path / path.parent.name / "contrasts.parquet").touch()
    return tmp_path


@pytest.mark.parametrize("said", TRANSFERS)
def test_label_transfer_is_said_with_what_it_learned_from(results: Path, said: str) -> None:
    side = next(results.glob("*/cells.h5ad.json"))
    content = json.loads(side.read_text())
    assert "transferred" not in methods(results)
    content["parameters"] |= {"seed_confidence": 0.9, "reference": "", "celltypist_model": ""} | TRANSFERS[said]
    content["parameters"] |= {"min_confidence": 0.625, "resolution": 3}
    side.write_text(json.dumps(content))
    text = methods(results)
    assert f"others were transferred by {said}, to compare them with" in text
    assert "a confidence of 0.625;" in text
    assert "resolution 3," in text
    assert "/somewhere" not in text


def test_a_run_that_was_not_finished_has_no_methods(results: Path) -> None:
    next(results.glob("*/quality.json.json")).write_text("{")
    with pytest.raises(DataError, match=r"quality.json.json: cannot be read as the side file of quality.json"):
        methods(results)
    with pytest.raises(DataError, match="holds no contrasts; let the run go further first"):
        methods(results / "nowhere")
