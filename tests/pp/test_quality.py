"""Quality control drops what it says it drops, within each sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData

import dolor as dl
from dolor.errors import DataError

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
