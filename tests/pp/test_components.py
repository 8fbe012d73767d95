"""Components from sparse blocks equal those of the dense matrix; measures of mixing know their two ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse
from sklearn.decomposition import PCA

import dolor as dl
from dolor.core.errors import DataError
from dolor.core.normalize import log_values
from dolor.pp.embed import principal_components
from dolor.pp.integration_metrics import simpson_index

Maker = Callable[..., AnnData]


@pytest.mark.parametrize("scale", [True, False])
def test_components_equal_those_of_the_dense_matrix(scale: bool) -> None:
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(rng.gamma(0.5, 2, 80) + 0.02, (5000, 80)))
    logged = log_values(counts)
    dense = logged.toarray().astype(float)
    if scale:
        dense = np.minimum((dense - dense.mean(axis=0)) / dense.std(axis=0), 10)
    expected = PCA(6, svd_solver="full").fit_transform(dense)
    found = principal_components(logged, 6, scale=scale)
    match = np.abs(np.corrcoef(found.T, expected.T)[:6, 6:])
    assert np.diag(match) == pytest.approx(np.ones(6), abs=1e-3)
    assert found.std(axis=0) == pytest.approx(expected.std(axis=0), rel=1e-3)


def test_the_order_of_cells_moves_components_with_them() -> None:
    rng = np.random.default_rng(1)
    logged = log_values(sparse.csr_matrix(rng.poisson(1, (300, 40)) * rng.integers(1, 4, (300, 1))))
    order = rng.permutation(300)
    one, two = principal_components(logged, 3), principal_components(logged[order], 3)
    np.testing.assert_allclose(one[order], two, atol=1e-3)


def test_mixing_is_one_for_cells_dealt_out_at_random_and_zero_for_batches_apart(make_cells: Maker) -> None:
    cells = make_cells(600)
    rng = np.random.default_rng(0)
    place = rng.normal(size=(600, 5))
    kind = np.arange(600) // 300
    place[:, 0] += 40 * kind
    cells.obs["cell_class"] = np.array(["a", "b"])[kind]
    cells.obsm["X_pca"] = place + 60 * (np.arange(600) % 4 == 0)[:, None] * np.eye(5)[1]
    cells.obsm["X_integrated"] = place
    table = dl.pp.integration_quality(cells).set_index("embedding")
    assert table.loc["X_integrated", "batch_mixing"] == pytest.approx(1, abs=0.03)
    assert table.loc["X_integrated", "label_separation"] == pytest.approx(1)
    assert table.loc["X_pca", "batch_mixing"] < 0.8
    assert table.loc["X_pca", "batch_silhouette"] < table.loc["X_integrated", "batch_silhouette"]
    cells.obs["sample_id"] = cells.obs["cell_class"]
    assert np.isnan(dl.pp.integration_quality(cells)["batch_mixing"]).all()
    with pytest.raises(DataError, match="no column 'lane'"):
        dl.pp.integration_quality(cells, batch_key="lane")


def test_the_index_agrees_with_that_of_its_authors() -> None:
    harmonypy = pytest.importorskip("harmonypy", reason="the extra harmony, whose LISI is compared, is not installed")
    import pandas as pd

    rng = np.random.default_rng(2)
    batch = np.repeat(["a", "b", "c"], 150)
    place = rng.normal(size=(450, 4)) + np.repeat([0, 0.7, 3], 150)[:, None]
    theirs = harmonypy.compute_lisi(place, pd.DataFrame({"batch": batch}), ["batch"], perplexity=30)[:, 0]
    ours = simpson_index(place.astype(np.float32), batch, 90)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.8  # theirs weighs near neighbours more
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.15)
