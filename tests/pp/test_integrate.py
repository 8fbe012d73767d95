"""Every method writes one embedding, the same for one seed; what is not installed is said."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from sklearn.metrics import silhouette_score

import dolor as dl
from dolor.core.errors import DataError, MissingExtra, UsageError

Maker = Callable[..., AnnData]
HAS = {name: importlib.util.find_spec(name) is not None for name in ("harmonypy", "scvi", "torch")}
METHODS = [
    "none",
    pytest.param(
        "harmony", marks=pytest.mark.skipif(not HAS["harmonypy"], reason="the extra harmony is not installed")
    ),
    pytest.param(
        "scvi",
        marks=pytest.mark.skipif(not HAS["scvi"] or not HAS["torch"], reason="the extra scvi is not installed"),
    ),
]


@pytest.fixture(scope="module")
def cells() -> AnnData:
    return dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=100, n_genes=1200).cells


@pytest.mark.parametrize("method", METHODS)
def test_kinds_lie_together_and_a_seed_settles_it(cells: AnnData, method: str) -> None:
    options = {"batch_key": "batch", "n_components": 10, "max_epochs": 30, "seed": 3}
    one = dl.pp.integrate(cells.copy(), method, **options)
    two = dl.pp.integrate(cells.copy(), method, **options)
    embedding = one.obsm["X_integrated"]
    assert embedding.shape == (cells.n_obs, 10)
    assert embedding.dtype == np.float32
    assert np.isfinite(embedding).all()
    np.testing.assert_array_equal(embedding, two.obsm["X_integrated"])
    large = cells.obs["truth_class"].isin(["schwann_cell", "fibroblast", "endothelial_cell", "macrophage"]).to_numpy()
    assert silhouette_score(embedding[large], cells.obs["truth_class"][large]) > 0.1
    assert one.uns["integration"]["method"] == method
    assert (one.layers["counts"] != cells.layers["counts"]).nnz == 0


def test_a_small_object_gives_a_small_embedding(make_cells: Maker) -> None:
    assert dl.pp.integrate(make_cells(8)).obsm["X_integrated"].shape == (8, 7)


@pytest.mark.skipif(HAS["scvi"] and HAS["torch"], reason="scvi-tools is installed")
def test_scvi_that_is_not_installed_is_named(make_cells: Maker) -> None:
    with pytest.raises(MissingExtra, match=r"dolor\[scvi\]"):
        dl.pp.integrate(make_cells(), "scvi")


def test_faulty_wishes_are_refused(make_cells: Maker) -> None:
    with pytest.raises(UsageError, match="integration 'magic' is not known; choose none, harmony, scvi"):
        dl.pp.integrate(make_cells(), "magic")
    with pytest.raises(UsageError, match="n_components is 0"):
        dl.pp.integrate(make_cells(), n_components=0)
    with pytest.raises(DataError, match="obs has no column 'lane'"):
        dl.pp.integrate(make_cells(), batch_key="lane")
