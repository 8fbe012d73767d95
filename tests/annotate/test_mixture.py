"""Cells move to the population that they fit by all genes, and a response to treatment founds no population."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
from scipy import sparse

import dolor as dl
from dolor.annotate.markers import contrast
from dolor.annotate.mixture import assign_by_profile
from dolor.io.matrix.cell_rows import RowsInMemory

GENES = 300


def _profile(seed: int) -> np.ndarray:
    level = np.random.default_rng(seed).gamma(0.5, 1.0, GENES)
    return np.asarray(level / level.sum())


def _cells(profile: np.ndarray, number: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(400 * profile, (number, GENES))


def test_cells_of_impure_clusters_go_home() -> None:
    truth = np.repeat([0, 1], 200)
    counts = np.vstack([_cells(_profile(1), 200, 11), _cells(_profile(2), 200, 12)])
    start = np.where(np.random.default_rng(0).uniform(size=400) < 0.25, 1 - truth, truth)
    found, fit = assign_by_profile(RowsInMemory(sparse.csr_matrix(counts)), start, 2)
    np.testing.assert_array_equal(found, truth)
    assert (fit.argmax(axis=1) == truth).all()


def test_a_response_shared_by_two_populations_does_not_join_them() -> None:
    first, second = _profile(1), _profile(2)
    # Two like populations, and a treatment that changes both more than they differ.
    second = 0.7 * first + 0.3 * second
    response = np.where(np.arange(GENES) < 30, 12.0, 1.0)
    parts = [first, second, first * response, second * response]
    counts = np.vstack([_cells(part / part.sum(), 200, 20 + number) for number, part in enumerate(parts)])
    truth, condition = np.tile(np.repeat([0, 1], 200), 2), np.repeat([0, 1], 400)
    start = np.where(np.random.default_rng(0).uniform(size=800) < 0.2, 1 - truth, truth)
    found, _ = assign_by_profile(RowsInMemory(sparse.csr_matrix(counts)), start, 2, condition)
    assert (found == truth).mean() > 0.95


def test_a_cell_without_counts_has_no_component() -> None:
    counts = np.vstack([_cells(_profile(1), 20, 1), np.zeros((1, GENES), dtype=int)])
    found, _ = assign_by_profile(RowsInMemory(sparse.csr_matrix(counts)), np.zeros(21, dtype=np.int64), 1)
    assert found.tolist() == [0] * 20 + [-1]


def test_a_type_is_seen_among_siblings_that_share_its_markers() -> None:
    # Two clusters; genes 0-4 are four times higher in the first, gene 5 is equally high in both.
    levels = np.array([[8.0] * 5 + [9.0], [2.0] * 5 + [9.0]])
    sizes = np.array([500, 500])
    marks = np.array([1.0] * 5 + [0.0])
    shared = np.array([0.0] * 5 + [1.0])
    none = np.zeros(6, dtype=bool)
    found = contrast(levels, 5000, sizes, marks, none)
    assert found[0] > 2
    assert found[1] < -2
    np.testing.assert_allclose(contrast(levels, 5000, sizes, shared, none), 0.0, atol=1e-12)


@pytest.fixture(scope="module")
def nerve() -> anndata.AnnData:
    """Cells of a simulated nerve."""
    return dl.simulate.study("nerve", seed=7, n_animals=1, cells_per_sample=120).cells


def test_the_order_of_the_cells_changes_nothing(nerve: anndata.AnnData) -> None:
    cells, shuffled = nerve.copy(), nerve[np.random.default_rng(0).permutation(nerve.n_obs)].copy()
    evidence = dl.tl.annotate(cells, compartment="nerve")
    again = dl.tl.annotate(shuffled, compartment="nerve")
    assert evidence.equals(again)
    back = shuffled[cells.obs_names]
    for column in ("cell_lineage", "cell_class", "cell_type", "cell_state", "cell_type_confidence", "cluster"):
        np.testing.assert_array_equal(cells.obs[column].to_numpy(), back.obs[column].to_numpy(), err_msg=column)
    np.testing.assert_array_equal(cells.obsm["X_umap"], back.obsm["X_umap"])


@pytest.mark.parametrize("number", [1, 2, 5])
def test_a_few_cells_are_named_or_not_without_an_error(nerve: anndata.AnnData, number: int) -> None:
    cells = nerve[:number].copy()
    dl.tl.annotate(cells, compartment="nerve")
    assert cells.obs["cell_type"].notna().all()
    assert cells.obs["cell_type_confidence"].between(0, 1).all()
    assert cells.obsm["X_umap"].shape == (number, 2)
