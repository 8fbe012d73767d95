from __future__ import annotations

import numpy as np
import pytest

import dolor as dl
from dolor.contracts.cells import check_cells


@pytest.fixture(scope="module")
def drg():
    return dl.simulate.study("drg", seed=5, n_animals=2, cells_per_sample=300)


@pytest.mark.parametrize("compartment", ["drg", "nerve", "spinal_cord"])
def test_every_compartment_is_cells_and_says_that_it_is_simulated(compartment):
    made = dl.simulate.study(compartment, seed=1, n_animals=1, cells_per_sample=80)
    check_cells(made.cells)
    assert bool(made.cells.uns["simulated"])
    assert made.cells.obs["dataset_id"].unique().tolist() == [f"simulated_{compartment}"]


def test_counts_are_as_deep_as_droplet_data(drg):
    depth = np.asarray(drg.cells.layers["counts"].sum(axis=1)).ravel()
    neurons = (drg.cells.obs["truth_lineage"] == "neuron").to_numpy()
    assert 1200 < np.median(depth[~neurons]) < 3500
    assert np.median(depth[neurons]) > 1.5 * np.median(depth[~neurons])
