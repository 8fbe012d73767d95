"""Profiles of an AnnData as a user of scanpy has it: counts in a layer, a sample and a condition column, no more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import dolor as dl
from dolor.core.errors import DataError

GENES = ["Tnf", "Il1b", "Cx3cr1", "Csf1r", "Calca", "Trpv1", "Ccl2", "Cd4"]
COUNTS = np.random.default_rng(0).poisson(3, (6, 8))


def cells() -> AnnData:
    obs = pd.DataFrame({"mouse": ["a"] * 3 + ["b"] * 3, "group": ["naive"] * 3 + ["sni"] * 3, "cell_type": "neuron"})
    obs.index = obs.index.astype(str)
    adata = AnnData(sparse.csr_matrix(np.log1p(COUNTS)), obs=obs, var=pd.DataFrame(index=GENES))
    adata.layers["raw_counts"] = sparse.csr_matrix(COUNTS)
    return adata


def test_an_ordinary_object_gives_profiles_and_stays_as_it_is() -> None:
    adata = cells()
    before = adata.obs.copy()
    found = dl.tl.profiles(adata, layer="raw_counts", sample_key="mouse", condition_key="group")
    assert found.X.tolist() == [COUNTS[:3].sum(axis=0).tolist(), COUNTS[3:].sum(axis=0).tolist()]
    assert found.obs["condition"].tolist() == ["naive", "sni"]
    assert found.obs["sex"].unique().tolist() == ["unknown"]
    assert found.obs["organism"].unique().tolist() == ["mouse"]
    pd.testing.assert_frame_equal(adata.obs, before)
    assert list(adata.layers) == ["raw_counts"]


def test_a_column_of_the_users_is_kept_beside_the_field() -> None:
    adata = cells()
    adata.obs["condition"] = "mine"
    found = dl.tl.profiles(adata, layer="raw_counts", sample_key="mouse", condition_key="group")
    assert found.obs["condition"].tolist() == ["naive", "sni"]
    assert found.obs["condition_given"].tolist() == ["mine", "mine"]


@pytest.mark.parametrize("options", [{"sample_key": "nope"}, {"condition_key": "nope"}, {"layer": "nope"}])
def test_what_is_not_there_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(DataError):
        dl.tl.profiles(cells(), **{"layer": "raw_counts", "sample_key": "mouse", "condition_key": "group", **options})
