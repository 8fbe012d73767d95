"""Pooled profiles are those of the pooled cells."""

import numpy as np

from dolor.crosstalk.profiles import profiles
from dolor.crosstalk.score import score
from dolor.crosstalk.summing.pool import pool


def test_pooling_profiles_is_profiling_pooled_cells(cells, pairs):
    pooled = score(pool(profiles(cells, pairs)), pairs)
    cells.obs["sample_id"] = cells.obs["donor_id"] = "pooled"
    cells.obs["condition"] = cells.obs["batch"] = "mixed"
    expected = score(profiles(cells, pairs, trimean=False), pairs)
    assert list(pooled.columns) == list(expected.columns)
    for name in pooled.columns:
        if pooled[name].dtype.kind in "fi":
            assert np.allclose(pooled[name], expected[name], equal_nan=True), name
        else:
            assert (pooled[name] == expected[name]).all(), name
