from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import dolor as dl
from dolor.knowledge import catalog, gene_logic, genes
from dolor.simulate.assemble import human_names, rename_counts
from dolor.simulate.gene_set import INVENTED


@pytest.fixture(scope="module")
def pair():
    sizes = {"seed": 6, "n_animals": 1, "cells_per_sample": 80}
    return dl.simulate.study("drg", **sizes), dl.simulate.study("drg", organism="human", **sizes)


def test_a_human_study_has_human_symbols_only(pair):
    names = [name for name in pair[1].cells.var_names if not name.startswith(INVENTED)]
    assert set(genes.resolve(names, "human")["status"]) == {"current"}
    assert len(names) > 1100
    assert set(pair[1].cells.obs["organism"]) == {"human"}


def test_most_genes_of_the_human_catalog_are_there(pair):
    pairs = catalog.interactions("human")
    wanted = {gene for side in ("ligand", "receptor") for text in pairs[side] for gene in gene_logic.genes(text)}
    assert len(wanted - set(pair[1].cells.var_names)) <= 0.1 * len(wanted)


def test_counts_are_those_of_the_mouse_under_other_names(pair):
    mouse, human = (made.cells for made in pair)
    assert mouse.obs_names.equals(human.obs_names)
    for ours, theirs in (("Il1b", "IL1B"), ("Eif2s3y", "RPS4Y1"), ("mt-Nd1", "MT-ND1")):
        same = mouse[:, ours].layers["counts"] != human[:, theirs].layers["counts"]
        assert same.nnz == 0, ours


def test_truth_speaks_of_the_genes_of_the_study(pair):
    human = pair[1]
    assert set(human.truth["gene"]) - {""} <= set(human.cells.var_names)
    assert len(human.truth) > 0.9 * len(pair[0].truth)
    np.testing.assert_allclose(human.ambient.sum(axis=1), 1.0, atol=0.05)
    assert list(human.levels.columns) == list(human.cells.var_names)


def test_genes_that_share_a_counterpart_are_summed():
    counts = sparse.csr_matrix(np.array([[1, 2, 3], [0, 5, 0]]))
    summed, names = rename_counts(counts, ["Hba-a1", "Ly6g", "Hba-a2"], human_names(["Hba-a1", "Ly6g", "Hba-a2"]))
    assert (summed.toarray().tolist(), names) == ([[4], [0]], ["HBA1"])
