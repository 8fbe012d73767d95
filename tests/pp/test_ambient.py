"""Leakage is measured against simulated truth, tells what leaks from what is expressed, and leaves counts alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError
from dolor.pp import Ambient
from dolor.pp.ambient import estimate_leak
from dolor.simulate import Study


@pytest.fixture(scope="module")
def made() -> Study:
    return dl.simulate.study("drg", seed=4, n_animals=2, cells_per_sample=200, n_genes=1200)


@pytest.fixture(scope="module")
def found(made: Study) -> Ambient:
    return dl.pp.ambient(made.cells, correct=True)


def _agreement(found: Ambient, made: Study) -> list[float]:
    got = np.sqrt(found.profiles.loc[made.ambient.index, made.ambient.columns].to_numpy())
    return [
        float(np.corrcoef(row, true)[0, 1]) for row, true in zip(got, np.sqrt(made.ambient.to_numpy()), strict=True)
    ]


def test_profile_and_contamination_agree_with_the_truth(made: Study, found: Ambient) -> None:
    assert np.mean(_agreement(found, made)) > 0.93
    assert found.profiles.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert np.corrcoef(made.cells.obs["ambient_share"], made.cells.obs["truth_ambient"])[0, 1] > 0.8


def test_empty_droplets_sharpen_the_profile(made: Study, found: Ambient) -> None:
    drained = dl.pp.ambient(made.cells.copy(), dl.simulate.empty_droplets(made, 300))
    assert set(drained.samples["source"]) == {"empty"}
    assert np.mean(_agreement(drained, made)) > np.mean(_agreement(found, made))


def test_correction_lowers_what_leaked_and_keeps_the_counts(made: Study, found: Ambient) -> None:
    cells = made.cells
    counts, corrected = cells.layers["counts"], cells.layers["corrected"]
    assert counts.dtype == np.int32
    assert (corrected > counts).nnz == 0
    for population, gene, least, most in (("endothelial_cell", "Mpz", 0.0, 0.6), ("macrophage", "C1qa", 0.9, 1.0)):
        of_population = (cells.obs["truth_class"] == population).to_numpy()
        column = cells.var_names.get_loc(gene)
        left = corrected[of_population][:, [column]].sum() / counts[of_population][:, [column]].sum()
        assert least <= left <= most


def test_evidence_tells_leaked_from_expressed(made: Study, found: Ambient) -> None:
    table = dl.pp.ambient_evidence(made.cells, found, "truth_class", genes=["Mpz", "C1qa", "absent"], min_share=0.0)
    share = table.groupby(["population", "gene"])["ambient_share"].median()
    assert share["macrophage", "C1qa"] < 0.1
    assert share["schwann_cell", "Mpz"] < 0.1
    assert share["endothelial_cell", "Mpz"] > 0.5
    assert share["sensory_neuron", "C1qa"] > 0.5
    assert set(table.loc[table["gene"] == "Mpz", "richest"]) == {"schwann_cell"}


def test_too_few_telling_genes_leave_the_leak_unknown(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells()
    found = dl.pp.ambient(cells, correct=True)
    assert found.samples["leaked_per_cell"].isna().all()
    assert cells.obs["ambient_share"].isna().all()
    assert (cells.layers["corrected"] != cells.layers["counts"]).nnz == 0
    assert dl.pp.ambient_evidence(cells, found, "condition").empty


def test_the_leak_of_exact_means_is_exact() -> None:
    own = np.kron(np.eye(6), np.full((1, 4), 50.0))
    profile = own.sum(axis=0) / own.sum()
    _, leak, told = estimate_leak(own + 12.0 * profile, own.sum(axis=0), 1000 * profile)
    assert leak == pytest.approx(12.0)
    assert told == 24


def test_faulty_input_is_refused(make_cells: Callable[..., AnnData], found: Ambient) -> None:
    cells = make_cells()
    with pytest.raises(DataError, match="obs has no column 'nothing'"):
        dl.pp.ambient(cells, groupby="nothing")
    with pytest.raises(DataError, match="the empty droplets lack 20 genes"):
        dl.pp.ambient(cells, cells[:, :10].copy())
    with pytest.raises(DataError, match="lack 30 genes and 4 samples"):
        dl.pp.ambient_evidence(cells, found, "condition")


def test_profiles_give_the_evidence_that_cells_give(made: Study, found: Ambient) -> None:
    profiles = dl.tl.profiles(made.cells, groupby="truth_class", genes=["Mpz", "C1qa"])
    summed = dl.pp.profile_evidence(profiles, found.table())
    of_cells = dl.pp.ambient_evidence(made.cells, found, "truth_class", genes=["Mpz", "C1qa"])
    keys = ["sample_id", "population", "gene"]
    both = of_cells.merge(summed, on=keys, suffixes=("", "_summed"))
    assert len(both) == len(of_cells) == len(summed)
    assert both["ambient_share_summed"].to_numpy() == pytest.approx(both["ambient_share"].to_numpy())
    assert (both["richest"] == both["richest_summed"]).all()


def test_parts_of_a_pooled_library_share_its_leakage(made: Study, found: Ambient) -> None:
    cells = made.cells.copy()
    dl.pp.split_pooled(cells, dl.pp.call_sex(cells))
    profiles = dl.tl.profiles(cells, groupby="truth_class", genes=["Mpz"])
    explained = dl.pp.profile_evidence(profiles, found.table())
    assert {"drg_injured_pool:female", "drg_injured_pool:male"} <= set(explained["sample_id"])


def test_scores_flag_what_leakage_explains_and_not_what_is_expressed(made: Study, found: Ambient) -> None:
    import pandas as pd

    pairs = pd.DataFrame({"interaction_id": ["a", "b"], "ligand": ["Mpz", "C1qa"], "receptor": ["Xist", "Xist"]})
    profiles = dl.tl.profiles(made.cells, pairs, groupby="truth_class")
    scores = dl.tl.score(profiles, pairs, ambient=dl.pp.profile_evidence(profiles, found.table()))
    suspect = (
        scores["flags"]
        .str.contains("ambient_suspect")
        .groupby([scores["sender"], scores["ligand"]], observed=True)
        .mean()
    )
    assert suspect["schwann_cell", "Mpz"] == suspect["macrophage", "C1qa"] == 0
    assert suspect["endothelial_cell", "Mpz"] > 0.6
    assert suspect["sensory_neuron", "C1qa"] > 0.3
