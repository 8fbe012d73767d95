from __future__ import annotations

import numpy as np
import pytest

from dolor.knowledge import genes, populations
from dolor.simulate import parameters
from dolor.simulate.expression import TOTAL, expected_levels
from dolor.simulate.gene_set import INVENTED, catalog_genes, gene_universe, markers_of


@pytest.fixture(scope="module")
def known():
    return parameters.load()


@pytest.fixture(scope="module")
def levels(known):
    return expected_levels(known, gene_universe(known, 2000), markers_of(known), 3)


def test_populations_stand_where_the_shipped_tree_has_them(known):
    tree = populations.tree()
    for population in known.populations.values():
        lineage = (population.name, *tree.ancestors(population.name))
        assert set(population.nodes) <= set(lineage), population.name
        assert population.cell_class == (tree.level_of(population.name, "class") or population.name)


def test_every_population_of_a_compartment_may_live_there(known):
    for compartment, numbers in known.numbers.items():
        assert set(numbers) <= {*populations.tree().allowed_in(compartment), "platelet", "erythrocyte"}, compartment


def test_all_genes_but_the_invented_ones_are_current_symbols(known):
    named = [gene for gene in gene_universe(known, 2000) if not gene.startswith(INVENTED)]
    assert set(genes.resolve(named, "mouse")["status"]) == {"current"}


def test_universe_holds_the_catalog_the_markers_and_the_genes_of_sex(known):
    universe = gene_universe(known, 0)
    assert len(universe) == len(set(universe))
    assert catalog_genes() | set(populations.markers("mouse")["gene"]) <= set(universe)
    assert {"Xist", "Ddx3y", "Hba-a1", "mt-Nd1"} <= set(universe)
    assert len(gene_universe(known, 2500)) == 2500


def test_levels_are_shares_of_ten_thousand(levels):
    np.testing.assert_allclose(levels.sum(axis=1), TOTAL)
    assert (levels.to_numpy() >= 0).all()


def test_a_gene_more_changes_no_other(known, levels):
    fewer = expected_levels(known, gene_universe(known, 1500), markers_of(known), 3)
    special = ["Csf1r", "Trpv1", "Il1b"]
    np.testing.assert_allclose(fewer[special], levels[special])


def test_known_facts_of_the_field_hold(levels):
    assert levels.loc["tissue_macrophage", "Csf1r"] > 5
    assert levels.loc["tissue_macrophage", ["Tmem119", "Sall1"]].max() < 1
    assert levels.loc["homeostatic_microglia", "Tmem119"] > 5
    assert levels.loc["proprioceptor", "Spp1"] > 5
    assert levels.loc["injured_sensory_neuron", "Trpv1"] < 0.3 * levels.loc["peptidergic_nociceptor", "Trpv1"]
    assert levels.loc["injured_sensory_neuron", "Mrgprd"] < 0.1 * levels.loc["nonpeptidergic_nociceptor", "Mrgprd"]


def test_genes_of_one_sex_belong_to_no_population(levels):
    assert (levels[["Xist", "Tsix", "Ddx3y", "Uty"]] == 0).all(axis=None)


def test_markers_are_not_clean(known, levels):
    """A marker is found in siblings, and no population lacks it altogether."""
    own = levels.loc["cdc1", "Xcr1"]
    siblings = levels.loc[["cdc2", "mature_dc"], "Xcr1"]
    assert (siblings > 0.005 * own).all()
    assert (siblings < own).all()


def test_a_marker_that_the_knowledge_does_not_mention_is_expressed_all_the_same(known):
    universe = gene_universe(known, 0)
    silent = "Adipoq"
    levels = expected_levels(known, universe, {"cdc1": (silent,)}, 0)
    assert levels.loc["cdc1", silent] > 5 * levels.loc["b_cell", silent]
