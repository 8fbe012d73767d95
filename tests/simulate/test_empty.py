from __future__ import annotations

import numpy as np
import pytest

import dolor as dl
from dolor.core.errors import UsageError


@pytest.fixture(scope="module")
def made():
    return dl.simulate.study("drg", seed=9, n_animals=1, cells_per_sample=60)


def test_empty_droplets_hold_the_ambient_profile(made):
    droplets = dl.simulate.empty_droplets(made, 300, seed=1)
    assert bool(droplets.uns["simulated"])
    counts = droplets.layers["counts"]
    assert 30 < np.median(np.asarray(counts.sum(axis=1))) < 100
    for sample, profile in made.ambient.iterrows():
        mine = (droplets.obs["sample_id"] == sample).to_numpy()
        found = np.asarray(counts[mine].sum(axis=0)).ravel()
        assert np.corrcoef(found / found.sum(), profile)[0, 1] > 0.98


def test_the_same_seed_gives_the_same_droplets(made):
    first, again, other = (dl.simulate.empty_droplets(made, 20, seed=seed).layers["counts"] for seed in (1, 1, 2))
    assert (first != again).nnz == 0
    assert (first != other).nnz > 0


def test_no_droplets_is_refused(made):
    with pytest.raises(UsageError, match="per_sample is 0"):
        dl.simulate.empty_droplets(made, 0)
