"""A second cell is found with its kind; a meal is told from a second cell; single cells are left alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

import dolor as dl
from dolor.core.errors import DataError
from dolor.pp.heterotypic_doublets import best_partner

Maker = Callable[..., AnnData]


def test_planted_shares_are_recovered() -> None:
    rng = np.random.default_rng(0)
    profiles = rng.lognormal(0, 2, (3, 200))
    profiles /= profiles.sum(axis=1, keepdims=True)
    shares = np.repeat([0.0, 0.1, 0.4], 50)
    rates = (1 - shares[:, None]) * profiles[0] + shares[:, None] * profiles[2]
    counts = sparse.csr_matrix(rng.poisson(3000 * rates))
    place, share, gain = best_partner(counts, profiles, 0, [1, 2], profiles[0])
    assert (gain[:50] < 15).all()
    assert (place[50:] == 2).all()
    assert np.median(share[50:100]) == pytest.approx(0.1, abs=0.03)
    assert np.median(share[100:]) == pytest.approx(0.4, abs=0.05)


def test_heterotypic_doublets_get_their_partner_and_meals_are_no_pairs() -> None:
    cells = dl.simulate.study("drg", seed=5, n_animals=1, cells_per_sample=250, n_genes=1200).cells
    table = dl.pp.partners(cells, "truth_class")
    obs = cells.obs
    kind_of = dict(zip(obs["truth_cell_type"].astype(str), obs["truth_class"].astype(str), strict=True))
    true = obs["truth_partner"].astype(str).map(kind_of).fillna("")
    large = obs["truth_class"].value_counts()
    told = true.isin(large.index[large >= 20])
    mixed = obs["truth_doublet"] & (true != obs["truth_class"].astype(str)) & told
    assert (obs["partner"].astype(str) == true)[mixed].mean() > 0.8
    assert (obs["pairing"] == "pair")[~obs["truth_doublet"]].mean() < 0.03
    eating = obs["truth_class"].isin(["macrophage"]) & ~obs["truth_doublet"]
    meal = obs["pairing"] == "phagocytosis"
    assert obs.loc[eating & meal, "truth_phagocytosis"].mean() > 2 * obs.loc[eating, "truth_phagocytosis"].mean()
    assert table["n_cells"].sum() == (obs["partner"] != "").sum()


def test_a_missing_column_is_named(make_cells: Maker) -> None:
    with pytest.raises(DataError, match="obs has no column 'cell_class'"):
        dl.pp.partners(make_cells())
