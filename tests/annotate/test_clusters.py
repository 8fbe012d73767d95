"""Clusters come out of any embedding, coarser ones beside them, and their stability is told."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from anndata import AnnData
from sklearn.metrics import homogeneity_score

import dolor as dl
from dolor.annotate.clusters import Clustering, cluster, neighbour_graph, stability
from dolor.core.errors import UsageError

HAS_SCVI = all(importlib.util.find_spec(name) for name in ("scvi", "torch"))


@pytest.fixture(scope="module")
def cells() -> AnnData:
    return dl.read(dl.simulate.study("nerve", seed=1, n_animals=1, cells_per_sample=80, n_genes=1200).cells)


@pytest.mark.parametrize(
    "integration",
    [
        "none",
        pytest.param(
            "scvi", marks=pytest.mark.skipif(not HAS_SCVI, reason="the extra scvi (scvi-tools, torch) is not installed")
        ),
    ],
)
def test_clusters_follow_the_kinds(cells: AnnData, integration: str) -> None:
    work = cells.copy()
    labels = cluster(work, Clustering(integration), resolution=1.0)
    assert homogeneity_score(work.obs["truth_class"], labels) > 0.7
    assert work.obs["leiden_0.25"].nunique() <= work.obs["leiden_1"].nunique()
    assert ("X_integrated" in work.obsm) == (integration != "none")
    assert work.uns["cluster_stability"]["resolution"].tolist() == [0.25, 0.5, 1.0]


def test_many_cells_get_the_neighbours_that_an_exact_search_gives() -> None:
    rng = np.random.default_rng(0)
    place = rng.normal(size=(8300, 6)).astype(np.float32)
    graph = neighbour_graph(place, 0)
    cell = 17
    found = set(graph.obsp["distances"][cell].indices) - {cell}
    nearest = np.argsort(((place - place[cell]) ** 2).sum(axis=1))[1:12]
    assert found == set(nearest)


def test_an_unknown_integration_is_named(cells: AnnData) -> None:
    with pytest.raises(UsageError, match="integration 'magic' is not known; choose none, harmony, scvi"):
        cluster(cells.copy(), Clustering("magic"), resolution=1.0)


def test_clear_groups_are_stable_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(400, 8)).astype(np.float32)
    groups = noise + 12 * np.eye(8, dtype=np.float32)[np.arange(400) % 4]
    clear = stability(groups, [0.2], draws=3).iloc[0]
    unclear = stability(noise, [1.0], draws=3).iloc[0]
    assert (clear["n_clusters"], clear["ari_resampled"]) == (4, pytest.approx(1.0))
    assert unclear["ari_resampled"] < 0.6
    assert np.isnan(stability(noise[:20], [1.0])["ari_resampled"].iloc[0])
