"""The shipped populations: what every entry must have, and what the field knows about particular ones."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from dolor.core.errors import UsageError
from dolor.core.package_files import signature_path
from dolor.knowledge import genes, populations
from dolor.knowledge.population_files import ORGANISMS, read_document

SHIPPED = {population.id: population for population in populations.load()}

# Words that the catalog and scripts use: they may gain neighbours, never change.
FIXED_IDS = (
    "neuron sensory_neuron nociceptor peptidergic_nociceptor nonpeptidergic_nociceptor pruriceptor "
    "cold_thermoreceptor c_ltmr a_ltmr proprioceptor injured_sensory_neuron cord_neuron "
    "cord_excitatory_neuron cord_inhibitory_neuron projection_neuron motor_neuron brain_neuron glia "
    "satellite_glia injured_satellite_glia schwann_cell myelinating_schwann remak_schwann repair_schwann "
    "proliferating_schwann oligodendrocyte oligodendrocyte_precursor astrocyte reactive_astrocyte "
    "ependymal_cell stroma fibroblast epineurial_fibroblast perineurial_cell endoneurial_fibroblast "
    "meningeal_fibroblast endothelial_cell arterial_endothelial capillary_endothelial venous_endothelial "
    "lymphatic_endothelial blood_nerve_barrier_endothelial mural_cell pericyte smooth_muscle_cell "
    "keratinocyte adipocyte immune macrophage tissue_macrophage epineurial_macrophage "
    "endoneurial_macrophage drg_barrier_macrophage border_macrophage dermal_macrophage "
    "monocyte_derived_macrophage injury_associated_macrophage inflammatory_macrophage "
    "reparative_macrophage proliferating_macrophage microglia homeostatic_microglia "
    "proliferating_microglia activated_microglia monocyte classical_monocyte nonclassical_monocyte "
    "neutrophil dendritic_cell cdc1 cdc2 mature_dc plasmacytoid_dc mast_cell basophil eosinophil nk_cell "
    "t_cell cd4_t_cell cd8_t_cell regulatory_t_cell gamma_delta_t_cell proliferating_t_cell ilc2 b_cell "
    "plasma_cell blood erythrocyte platelet "
)

LEAKY = {
    "mouse": {"Mpz", "Apoe", "S100a8", "S100a9", "Hba-a1", "Hba-a2", "Hbb-bs", "Hbb-bt"},
    "human": {"MPZ", "APOE", "S100A8", "S100A9", "HBA1", "HBA2", "HBB", "HBD"},
}


def test_every_fixed_id_is_there() -> None:
    assert set(FIXED_IDS.split()) <= set(SHIPPED)
    assert len(SHIPPED) >= 70


@pytest.mark.parametrize("population", SHIPPED.values(), ids=lambda population: population.id)
@pytest.mark.parametrize("organism", ORGANISMS)
def test_every_population_has_enough_markers_of_its_own(population, organism) -> None:
    positive = population.positive[organism]
    assert len(positive) >= 6
    assert len(set(positive) - LEAKY[organism]) >= 5, "genes that leak into every droplet cannot carry a population"
    sex_genes = {gene for line in genes.SEX_GENES[organism] for gene in line}
    assert not sex_genes & {*positive, *population.negative.get(organism, ())}


@pytest.mark.parametrize("population", SHIPPED.values(), ids=lambda population: population.id)
def test_every_population_says_where_it_lives_and_what_it_is_called(population) -> None:
    assert population.compartments
    assert bool(population.cl) == bool(population.cl_label)
    assert population.cl or population.cl_note


def test_all_symbols_are_current() -> None:
    assert populations.unknown_genes().empty


@pytest.mark.parametrize("organism", ORGANISMS)
def test_every_population_has_markers_that_none_of_its_neighbours_has(organism) -> None:
    tree = populations.tree()
    for name, population in SHIPPED.items():
        siblings = tree.children(population.parent) if population.parent else tree.roots()
        neighbours = [
            SHIPPED[other] for other in siblings
            if other != name and set(SHIPPED[other].compartments) & set(population.compartments)
        ]  # fmt: skip
        theirs = {gene for other in neighbours for gene in other.positive[organism]}
        own = set(population.positive[organism]) - theirs
        assert len(own) >= 3, f"{name} has only {own} to tell it from its neighbours"


def test_macrophages_of_the_periphery_are_no_microglia() -> None:
    table = populations.markers("mouse", "drg").set_index("population")
    assert {"Sall1", "Tmem119"} <= set(table.loc["macrophage"].query("sign == -1")["gene"])
    assert "microglia" not in table.index


def test_proprioceptors_own_spp1_too() -> None:
    assert "Spp1" in SHIPPED["proprioceptor"].positive["mouse"]


@pytest.mark.parametrize(
    ("compartment", "absent"),
    [("drg", {"microglia", "astrocyte", "motor_neuron"}), ("nerve", {"neuron", "satellite_glia"}),
     ("spinal_cord", {"satellite_glia", "sensory_neuron"}), ("blood", {"macrophage", "glia", "neuron", "stroma"})],
)  # fmt: skip
def test_compartments_leave_out_who_does_not_live_there(compartment, absent) -> None:
    assert not absent & set(populations.tree().allowed_in(compartment))


def test_an_unknown_organism_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'mouse'"):
        populations.markers("mouses")


def test_markers_come_under_the_names_that_a_matrix_uses() -> None:
    found = populations.markers("mouse", "spinal_cord", measured=["Fcrls", "P2ry12", "ENSMUSG00000054675", "tdTomato"])
    microglia = found[(found["population"] == "microglia") & (found["sign"] == 1)]
    assert set(microglia["gene"]) == {"Fcrls", "P2ry12", "ENSMUSG00000054675"}  # the last is Tmem119
    assert populations.markers("mouse", measured=["tdTomato"]).empty


def test_the_current_spelling_goes_before_a_synonym() -> None:
    found = populations.markers("mouse", "drg", measured=["Tafa4", "Fam19a4"])
    assert found.query("population == 'c_ltmr'")["gene"].tolist() == ["Tafa4"]


def test_validation_counts_what_is_there() -> None:
    counts = populations.validate().query("what == 'level'")["populations"]
    assert counts.sum() == len(SHIPPED)


def test_cell_ontology_ids_carry_the_label_of_the_release() -> None:
    """`cell_ontology.tsv` is cut from release v2026-03-26; an id that is not in it was not checked."""
    table = pd.read_csv(Path(__file__).with_name("cell_ontology.tsv"), sep="\t", dtype=str)
    labels = dict(zip(table["id"], table["label"], strict=True))
    assert {p.cl: p.cl_label for p in SHIPPED.values() if p.cl} == labels


def test_every_population_and_programme_names_sources_that_are_listed() -> None:
    listed = populations.sources().set_index("source")
    assert listed.index.is_unique
    assert (listed["citation"].str.len() > 10).all()
    document = read_document(signature_path("populations.yaml"))
    named = {key for entry in (*document["populations"], *document["programmes"]) for key in entry["sources"]}
    assert named == set(listed.index)
    assert all(population.sources for population in SHIPPED.values())


def test_unverified_genes_are_genes_of_their_entry() -> None:
    for population in SHIPPED.values():
        own = {gene for markers in population.positive.values() for gene in markers}
        doubts = {word for word in population.unverified if " " not in word}
        assert doubts <= own, f"{population.id}: {doubts - own}"


def test_the_blood_cells_of_a_leukocyte_sample_can_all_be_named() -> None:
    blood = set(populations.tree().allowed_in("blood"))
    assert {
        "classical_monocyte", "nonclassical_monocyte", "cd4_t_cell", "cd8_t_cell", "nk_cell", "b_cell",
        "dendritic_cell", "plasmacytoid_dc", "platelet", "erythrocyte",
    } <= blood  # fmt: skip


# What the published labels of GSE96583 should look like to the markers.
KANG = {
    "CD14+ Monocytes": "classical_monocyte", "FCGR3A+ Monocytes": "nonclassical_monocyte", "B cells": "b_cell",
    "NK cells": "nk_cell", "CD8 T cells": "cd8_t_cell", "Dendritic cells": "dendritic_cell",
    "Megakaryocytes": "platelet", "CD4 T cells": "t_cell",
}  # fmt: skip


def test_markers_find_the_published_blood_cell_types(data_dir) -> None:
    """The mean of a population's markers is highest in the cells that carry its name."""
    adata = anndata.read_h5ad(data_dir / "kang2018_pbmc_ifnb.h5ad")
    adata = adata[(adata.obs["droplet"] == "singlet").to_numpy() & adata.obs["cell_type_author"].isin(KANG).to_numpy()]
    counts = np.asarray(adata.X.todense(), dtype=float)
    expression = pd.DataFrame(np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4), columns=adata.var_names)
    means = expression.groupby(adata.obs["cell_type_author"].to_numpy()).mean()
    relative = means / np.maximum(means.max(), 0.2)
    for label, name in KANG.items():
        positive = [gene for gene in SHIPPED[name].positive["human"] if gene in relative]
        against = [gene for gene in SHIPPED[name].negative["human"] if gene in relative]
        evidence = relative[positive].mean(axis=1) - 0.5 * relative[against].mean(axis=1)
        assert evidence.idxmax() == label


def test_markers_of_one_source_can_be_left_out() -> None:
    whole = {population.id: population for population in populations.load()}
    without = {population.id: population for population in populations.load(without_source="kang_2018")}
    assert "LAT" in whole["t_cell"].positive["human"]
    assert "LAT" not in without["t_cell"].positive["human"]
    assert without["t_cell"].positive["mouse"] == whole["t_cell"].positive["mouse"]
    for population in whole.values():
        sides = (*population.positive.values(), *population.negative.values())
        for source, alone in population.only_in.items():
            assert source in population.sources
            assert all(any(gene in side for side in sides) for gene in alone)


def test_a_population_is_left_out_with_all_below_it() -> None:
    left = {population.id for population in populations.load(without=["t_cell"])}
    assert left.isdisjoint({"t_cell", "cd4_t_cell", "proliferating_t_cell"})
    with pytest.raises(UsageError, match="'t_zell' is not in the tree"):
        populations.load(without=["t_zell"])
