"""Doublets are found, small samples are not asked, and nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from sklearn.metrics import roc_auc_score

import dolor as dl
from dolor.core.errors import UsageError
from dolor.pp.doublets import threshold_of
from dolor.simulate import Study


@pytest.fixture(scope="module")
def made() -> Study:
    return dl.simulate.study("drg", seed=3, n_animals=1, cells_per_sample=220, n_genes=1200, doublet_rate=0.08)


def test_made_doublets_are_found_and_no_cell_is_lost(made: Study) -> None:
    cells = made.cells.copy()
    before = cells.layers["counts"].copy()
    table = dl.pp.doublets(cells)
    truth = cells.obs["truth_doublet"]
    called = cells.obs["doublet"] == "yes"
    assert roc_auc_score(truth, cells.obs["doublet_score"]) > 0.85
    assert truth[called].mean() > 0.8
    assert (before != cells.layers["counts"]).nnz == 0
    assert table["n_cells"].sum() == cells.n_obs
    assert table["n_doublets"].sum() == called.sum()


def test_a_sample_is_judged_by_itself(made: Study) -> None:
    sample = str(made.cells.obs["sample_id"].iloc[0])
    alone = made.cells[made.cells.obs["sample_id"] == sample].copy()
    cells = made.cells.copy()
    dl.pp.doublets(alone)
    dl.pp.doublets(cells)
    assert cells.obs.loc[alone.obs_names, "doublet_score"].equals(alone.obs["doublet_score"])


def test_a_small_sample_is_not_asked(made: Study) -> None:
    small = made.cells[:40].copy()
    table = dl.pp.doublets(small)
    assert set(small.obs["doublet"]) == {"unknown"}
    assert small.obs["doublet_score"].isna().all()
    assert table["rule"].tolist() == ["too_few_cells"]


def test_without_two_modes_the_expected_share_is_called() -> None:
    rng = np.random.default_rng(0)
    score = rng.uniform(0, 1, 1000)
    threshold, rule = threshold_of(score, rng.normal(0.5, 0.05, 2000), 0.05)
    assert rule == "expected_rate"
    assert (score > threshold).mean() == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize(("options", "message"), [
    ({"expected_rate": 0.0}, "expected_rate is 0.0"),
    ({"expected_rate": 0.7}, "expected_rate is 0.7"),
    ({"min_cells": 10}, "below 50 cells"),
])  # fmt: skip
def test_senseless_options_are_refused(made: Study, options: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        dl.pp.doublets(made.cells, **options)


def test_a_sample_of_many_cells_is_judged(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells(2800, n_samples=1)
    table = dl.pp.doublets(cells)
    assert table["n_cells"].tolist() == [2800]
    assert 0 < table["rate"].iloc[0] < 0.2
