"""Quality control drops what it says it drops, within each sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError
from dolor.io.stored_cells import open_cells
from dolor.pp.ambient import corrected_counts

Maker = Callable[..., AnnData]
GENES = [f"Gene{number}" for number in range(38)] + ["mt-Co1", "mt-Nd1"]


def _planted(make_cells: Maker) -> AnnData:
    cells = make_cells(200, GENES)
    counts = cells.layers["counts"].toarray() * 10
    counts[:, -2:] = 1
    counts[0] = 0
    counts[0, 0] = 2  # one gene only
    counts[1, -2:] = 5000  # all mitochondrial
    cells.layers["counts"] = type(cells.layers["counts"])(counts)
    return cells


def test_planted_faults_are_dropped_and_counted(make_cells: Maker) -> None:
    kept, summary = dl.pp.quality(_planted(make_cells), min_genes=5)
    assert set(kept.obs_names).isdisjoint({"cell0", "cell1"})
    assert summary["dropped"] == {"few_genes": 1, "low_counts": 0, "high_mito": 1}
    assert summary["cells_before"] - summary["cells_after"] == 2 == 200 - kept.n_obs
    assert sum(sample["cells_before"] for sample in summary["samples"].values()) == 200


def test_a_deep_sample_does_not_judge_a_shallow_one(make_cells: Maker) -> None:
    cells = make_cells(200)
    counts = cells.layers["counts"].toarray()
    counts[cells.obs["sample_id"] == "s0"] *= 100
    cells.layers["counts"] = type(cells.layers["counts"])(counts)
    kept, _ = dl.pp.quality(cells, min_genes=1)
    assert kept.n_obs == 200


def test_large_cells_are_kept(make_cells: Maker) -> None:
    cells = make_cells(200)
    counts = cells.layers["counts"].toarray()
    counts[:5] *= 500
    cells.layers["counts"] = type(cells.layers["counts"])(counts)
    kept, _ = dl.pp.quality(cells, min_genes=1)
    assert set(cells.obs_names[:5]) <= set(kept.obs_names)


def test_the_order_of_cells_changes_nothing(make_cells: Maker) -> None:
    cells = _planted(make_cells)
    order = np.random.default_rng(1).permutation(cells.n_obs)
    one, two = dl.pp.quality(cells, min_genes=5), dl.pp.quality(cells[order].copy(), min_genes=5)
    assert set(one[0].obs_names) == set(two[0].obs_names)
    assert one[1] == two[1]


def test_cells_without_any_count_are_an_error_of_their_own(make_cells: Maker) -> None:
    cells = make_cells(100)
    cells.layers["counts"] = cells.layers["counts"] * 0
    with pytest.raises(DataError, match="no cell passes quality control"):
        dl.pp.quality(cells)


def test_nothing_left_is_an_error(make_cells: Maker) -> None:
    with pytest.raises(DataError, match=r"no cell passes quality control \(of 60, most for few_genes\)"):
        dl.pp.quality(make_cells(), min_genes=10_000)


def test_counts_in_a_file_are_judged_as_counts_in_memory(tmp_path: Path) -> None:
    made = dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=150, n_genes=1200).cells
    # Samples lie mixed, as files of a large study may have them.
    made = made[np.random.default_rng(0).permutation(made.n_obs)].copy()
    made.write_h5ad(tmp_path / "cells.h5ad", compression="lzf")
    stored, layers = open_cells(tmp_path / "cells.h5ad")
    kept, summary = dl.pp.quality(made)
    kept_stored, summary_stored = dl.pp.quality(stored, counts=layers["counts"])
    counts = layers["counts"].of((stored.obs["why_dropped"] == "").to_numpy())
    assert summary_stored == summary
    assert (counts.whole() != kept.layers["counts"]).nnz == 0
    pd.testing.assert_frame_equal(dl.pp.doublets(kept_stored, counts=counts), dl.pp.doublets(kept))
    here, there = dl.pp.ambient(kept, correct=True), dl.pp.ambient(kept_stored, correct=True, counts=counts)
    pd.testing.assert_frame_equal(there.table(), here.table())
    pd.testing.assert_frame_equal(dl.pp.call_sex(kept_stored, counts=counts), dl.pp.call_sex(kept))
    pd.testing.assert_frame_equal(kept_stored.obs, kept.obs)
    groups = kept.obs["coarse_kind"].astype(str).to_numpy()
    corrected = corrected_counts(counts, kept.obs["sample_id"], groups, there).whole()
    assert (corrected != kept.layers["corrected"]).nnz == 0


def test_columns_of_the_user_that_are_overwritten_are_kept_under_another_name() -> None:
    cells = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60).cells
    cells.obs["library_id"] = cells.obs["doublet"] = "mine"
    found = dl.pp.quality_control(cells).cells
    assert (found.obs["library_id_given"] == "mine").all()
    assert (found.obs["doublet_given"] == "mine").all()
    assert "n_counts_given" not in found.obs
    # A second run replaces what the first wrote and leaves the user's columns as they were.
    again = dl.pp.quality_control(found).cells
    assert (again.obs["library_id_given"] == "mine").all()
    assert "sex_reported_given" not in again.obs
