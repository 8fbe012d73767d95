"""Annotation of simulated cells: who is named, who is not, and what is said about it."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import dolor as dl
from dolor.annotate.consensus import limits_sentence
from dolor.core.contracts import SAMPLE_FIELDS


@pytest.fixture(scope="module")
def drg() -> anndata.AnnData:
    """Cells of simulated ganglia (seed 11, on which nothing was chosen)."""
    return dl.read(dl.simulate.study("drg", seed=11, n_animals=1, cells_per_sample=400).cells)


@pytest.fixture(scope="module")
def named(drg: anndata.AnnData) -> anndata.AnnData:
    cells = drg.copy()
    dl.tl.annotate(cells, compartment="drg")
    return cells


def test_terms_are_those_of_the_tree_and_of_the_parent_where_there_is_none(named: anndata.AnnData) -> None:
    terms = named.obs.astype(str).groupby("cell_type")["cell_type_ontology_term_id"].unique()
    assert all(len(found) == 1 for found in terms)
    assert terms["satellite_glia"][0] == "CL:0000516"
    assert terms["proprioceptor"][0] == "CL:1001451"  # sensory neuron of dorsal root ganglion


def test_confidence_and_evidence_are_kept(named: anndata.AnnData) -> None:
    confidence = named.obs["cell_type_confidence"]
    assert confidence.between(0, 1).all()
    assert (confidence[named.obs["cell_type"] != "unassigned"] >= 0.25).all()
    table = named.uns["annotation_clusters"].set_index("cluster")
    assert table["n_cells"].sum() == named.n_obs
    mast = table[table["population"] == "mast_cell"]
    assert mast["markers"].str.contains("Cpa3").all()


# Mast cells are not among these: without their signature half of these 16 still take a neighbour's name.
@pytest.mark.parametrize("gone", ["mural_cell", "satellite_glia", "b_cell", "t_cell"])
def test_who_is_not_in_the_signatures_gets_no_confident_wrong_name(drg: anndata.AnnData, gone: str) -> None:
    cells = drg.copy()
    dl.tl.annotate(cells, compartment="drg", known=dl.populations.load(without=[gone]))
    own = cells.obs[(cells.obs["truth_class"] == gone) & ~cells.obs["truth_doublet"].astype(bool)]
    assert len(own) >= 10
    assert (own["cell_class"] == "unassigned").mean() >= 0.8


def test_microglia_in_a_ganglion_are_named_on_strong_evidence_alone_and_flagged(named: anndata.AnnData) -> None:
    assert (named.obs["annotation_flag"] == "").all()
    cord = dl.read(dl.simulate.study("spinal_cord", seed=11, n_animals=1, cells_per_sample=300).cells)
    microglia = cord[cord.obs["truth_class"] == "microglia"][:40].copy()
    for field in SAMPLE_FIELDS:
        microglia.obs[field] = str(named.obs[field].iloc[0])
    mixed = anndata.concat([dl.read(named), microglia], join="inner")
    mixed.obs_names_make_unique()
    dl.tl.annotate(mixed, compartment="drg")
    flagged = mixed.obs["annotation_flag"] == "root_contamination"
    assert (mixed.obs.loc[flagged, "cell_class"] == "microglia").all()
    assert flagged.iloc[-microglia.n_obs :].mean() >= 0.9
    assert flagged.iloc[: -microglia.n_obs].sum() <= 2


def test_a_panel_says_whom_it_cannot_tell(drg: anndata.AnnData) -> None:
    signs = dl.populations.markers("mouse", "drg", measured=drg.var_names)
    neuronal = signs[signs["population"].isin(["neuron", "sensory_neuron", "nociceptor", "c_ltmr", "mast_cell"])]
    panel = dl.read(drg[:, drg.var_names.isin(neuronal["gene"])].copy())
    panel = panel[np.asarray(panel.layers["counts"].sum(axis=1)).ravel() > 5].copy()
    dl.tl.annotate(panel, compartment="drg")
    limits = panel.uns["annotation_limits"].set_index("population")
    assert limits.loc["b_cell", "reason"] == "few_markers"
    assert "sensory_neuron" not in limits.index
    assert set(panel.obs["cell_class"]).isdisjoint(limits.index)
    assert "cannot tell" in limits_sentence(limits.reset_index())
    truth = panel.obs["truth_class"].astype(str)
    neurons = panel.obs[truth == "sensory_neuron"]
    assert (neurons["cell_class"] == "sensory_neuron").mean() > 0.9


@pytest.mark.parametrize("measured", [0, 1])
def test_a_signature_of_which_no_gene_one_gene_or_every_gene_is_measured(
    drg: anndata.AnnData, named: anndata.AnnData, measured: int
) -> None:
    signs = dl.populations.markers("mouse", "drg", measured=drg.var_names)
    own = signs.loc[(signs["population"] == "mast_cell") & (signs["sign"] > 0), "gene"]
    cells = dl.read(drg[:, ~drg.var_names.isin(own[measured:])].copy())
    dl.tl.annotate(cells, compartment="drg")
    limits = cells.uns["annotation_limits"].set_index("population")
    assert limits.loc["mast_cell", "n_measured"] == measured
    assert (cells.obs["cell_class"] != "mast_cell").all()
    with_all = named.obs.loc[named.obs["truth_class"] == "mast_cell", "cell_class"]
    assert len(with_all) >= 10
    assert (with_all == "mast_cell").mean() > 0.8
    assert "mast_cell" not in set(named.uns["annotation_limits"]["population"])


def test_what_no_population_expresses_stays_unassigned() -> None:
    rng = np.random.default_rng(0)
    genes = dl.populations.markers("mouse", "viscera")["gene"].unique()[:400]
    counts = rng.poisson(rng.gamma(0.3, 0.3, (1, 2000)), (600, 2000)).astype(np.int32)
    names = [*genes, *(f"Sim{number:04d}" for number in range(2000 - len(genes)))]
    cells = anndata.AnnData(
        counts,
        obs=pd.DataFrame({"sample_id": "s", "condition": "naive", "organism": "mouse"}, index=map(str, range(600))),
        var=pd.DataFrame(index=names),
    )
    cells = dl.read(cells)
    dl.tl.annotate(cells, compartment="viscera")
    assert (cells.obs["cell_class"] == "unassigned").mean() > 0.95
