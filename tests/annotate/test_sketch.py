"""A sketch stands for all cells: rare ones stay in it, and every cell goes with those that it lies among."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.annotate.sketch import Sketch, draw_sketch
from dolor.io.stored_cells import open_cells


@pytest.fixture(scope="module")
def kinds() -> tuple[np.ndarray, np.ndarray]:
    """Five crowds and twenty cells apart."""
    rng = np.random.default_rng(0)
    kind = np.repeat(np.arange(6), [8000, 6000, 3000, 2000, 1000, 20])
    return kind, (12 * np.eye(6)[kind] + rng.normal(size=(len(kind), 6))).astype(np.float32)


def test_rare_cells_stay_in_the_sketch_and_crowds_are_thinned(kinds: tuple[np.ndarray, np.ndarray]) -> None:
    kind, place = kinds
    sketch = draw_sketch(place, 2000, 0)
    share = np.bincount(kind[sketch.cells]) / np.bincount(kind)
    assert len(sketch.cells) == pytest.approx(2000, rel=0.02)
    assert (np.diff(sketch.cells) > 0).all()
    assert share[5] == 1
    assert share[0] < share[3] < share[5]


def test_every_cell_goes_with_its_kind(kinds: tuple[np.ndarray, np.ndarray]) -> None:
    kind, place = kinds
    sketch = draw_sketch(place, 2000, 0)
    names = pd.Series(kind[sketch.cells].astype(str))
    assert (sketch.labels(names) == kind.astype(str)).all()
    moved = sketch.places(place[sketch.cells])
    np.testing.assert_array_equal(moved[sketch.cells], place[sketch.cells])
    assert np.linalg.norm(moved - place, axis=1).mean() < np.linalg.norm(place - 12 * np.eye(6)[kind], axis=1).mean()


def test_the_same_seed_draws_the_same_sketch(kinds: tuple[np.ndarray, np.ndarray]) -> None:
    one, two, other = (draw_sketch(kinds[1], 1000, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.cells, two.cells)
    np.testing.assert_array_equal(one.nearest, two.nearest)
    assert set(one.cells) != set(other.cells)


def test_the_nearest_decides_where_votes_tie() -> None:
    sketch = Sketch(np.arange(3), np.array([[2, 0, 1, -1], [0, 1, 1, -1], [1, -1, -1, -1]], dtype=np.int32))
    assert sketch.labels(pd.Series(["a", "b", "c"])).tolist() == ["c", "b", "b"]


@pytest.fixture(scope="module")
def nerve() -> AnnData:
    made = dl.simulate.study("nerve", seed=1, n_animals=2, cells_per_sample=250, n_genes=1200).cells
    return dl.pp.quality(made)[0]


def test_counts_in_a_file_get_the_names_that_counts_in_memory_get(nerve: AnnData, tmp_path: Path) -> None:
    cells = nerve.copy()
    cells.write_h5ad(tmp_path / "cells.h5ad")
    stored, layers = open_cells(tmp_path / "cells.h5ad")
    evidence = dl.tl.annotate(cells, compartment="nerve")
    pd.testing.assert_frame_equal(dl.tl.annotate(stored, compartment="nerve", counts=layers["counts"]), evidence)
    pd.testing.assert_frame_equal(stored.obs, cells.obs)
    pd.testing.assert_frame_equal(stored.var, cells.var)
    for name in ("X_pca", "X_umap"):
        np.testing.assert_array_equal(stored.obsm[name], cells.obsm[name])
    pd.testing.assert_frame_equal(dl.pp.partners(stored, counts=layers["counts"]), dl.pp.partners(cells))
    kinds = dl.pp.quality_by_kind(stored, _dropped(cells), counts=layers["counts"])
    pd.testing.assert_frame_equal(kinds, dl.pp.quality_by_kind(cells, _dropped(cells)))


def _dropped(cells: AnnData) -> AnnData:
    some = cells[::10].copy()
    some.obs["why_dropped"] = "few_genes"
    return some


def test_a_sketch_names_cells_as_all_cells_do(nerve: AnnData) -> None:
    pytest.importorskip("harmonypy", reason="the extra harmony is not installed")
    whole, sketched = nerve.copy(), nerve.copy()
    dl.tl.annotate(whole, compartment="nerve", integration="harmony")
    dl.tl.annotate(sketched, compartment="nerve", integration="harmony", most_cells=1000)
    assert (sketched.obs["cell_class"].astype(str) == whole.obs["cell_class"].astype(str)).mean() >= 0.98
    assert sketched.obs["in_sketch"].sum() == pytest.approx(500, abs=25)
    assert "in_sketch" not in whole.obs
    np.testing.assert_array_equal(sketched.obsm["X_pca"], whole.obsm["X_pca"])
    assert np.isfinite(sketched.obsm["X_umap"]).all()
    moved, learnt = (cells.obsm["X_integrated"][:, 0] for cells in (sketched, whole))
    assert np.corrcoef(moved, learnt)[0, 1] > 0.95
