"""Agreement counts what it says it counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.annotate.evaluate import evaluate, mapping_of_terms, read_mapping
from dolor.cli import main
from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.studies.read import read_study

MAPPING = {"CD4": "cd4_t_cell", "T": "t_cell", "Neuron": "sensory_neuron"}


def _labels(*types: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(types, columns=["cell_lineage", "cell_class", "cell_type"])


def test_finer_agrees_coarser_does_not_and_unmapped_is_left_out() -> None:
    labels = _labels(
        ("immune", "t_cell", "cd4_t_cell"),
        ("immune", "t_cell", "t_cell"),
        ("immune", "t_cell", "cd8_t_cell"),
        ("unassigned", "unassigned", "unassigned"),
        ("neuron", "sensory_neuron", "nociceptor"),
    )
    given = pd.Series(["T", "CD4", "CD4", "Neuron", "Hepatocyte"])
    found = evaluate(labels, given, MAPPING, pd.Series(["a", "a", "b", "b", "b"]))
    assert found["n_left_out"] == 1
    assert found["class"]["agreement"] == 0.75
    assert found["class"]["agreement_assigned"] == 1.0
    assert found["class"]["median_over_donors"] == 0.75
    assert found["type"]["agreement"] == 0.25
    assert found["unassigned"] == 0.25
    assert found["immune"] == {"sensitivity": 1.0, "specificity": 1.0}


def test_what_cannot_be_compared_is_an_error() -> None:
    labels = _labels(("immune", "t_cell", "t_cell"))
    with pytest.raises(DataError, match="none of the given labels is in the mapping"):
        evaluate(labels, pd.Series(["x"]), MAPPING, pd.Series(["a"]))
    with pytest.raises(DataError, match="'t_zell', which are no populations"):
        evaluate(labels, pd.Series(["T"]), {"T": "t_zell"}, pd.Series(["a"]))


def test_terms_and_ids_need_no_table() -> None:
    tree = dl.populations.tree()
    given = pd.Series(["CL:0000084", "CL:1001451", "b_cell", "CL:9999999", "unknown"])
    mapping = mapping_of_terms(given)
    assert set(mapping) == {"CL:0000084", "CL:1001451", "b_cell"}
    assert mapping["CL:0000084"] == "t_cell"
    for name in mapping["CL:1001451"].split("|"):
        assert tree.cl(name) == "CL:1001451"
        assert not set(tree.ancestors(name)) & set(mapping["CL:1001451"].split("|"))
    with pytest.raises(DataError, match="no label is the id of a population or a term of the Cell Ontology"):
        mapping_of_terms(pd.Series(["Hepatocyte", ""]))


def test_a_mapping_that_says_two_things_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    path.write_text("label\tpopulation\nT\tt_cell\nT\tb_cell\n")
    with pytest.raises(DataError, match="the label 'T' is mapped twice"):
        read_mapping(path)


def test_real_blood_cells_keep_their_agreement(data_dir: Path) -> None:
    """Holds what was reached; no independent test: markers and thresholds were chosen with these cells in hand."""
    cells, _, _ = read_study("kang2018", path=data_dir / "kang2018_pbmc_ifnb.h5ad")
    cells, _ = dl.pp.quality(cells)
    dl.tl.annotate(cells, compartment="blood")
    mapping = read_mapping(signature_path("labels/kang2018.tsv"))
    found = evaluate(cells.obs, cells.obs["cell_type_author"], mapping, cells.obs["donor_id"])
    assert found["class"]["median_over_donors"] >= 0.85
    assert found["class"]["agreement_assigned"] >= 0.93
    assert found["unassigned"] <= 0.05
    assert np.isfinite(cells.obs["cell_type_confidence"]).all()


def test_a_label_may_be_a_group_of_populations() -> None:
    labels = _labels(
        ("neuron", "sensory_neuron", "pruriceptor"),
        ("neuron", "sensory_neuron", "cold_thermoreceptor"),
        ("neuron", "sensory_neuron", "a_ltmr"),
    )
    mapping = {"NP": "nonpeptidergic_nociceptor|pruriceptor|cold_thermoreceptor"}
    found = evaluate(labels, pd.Series(["NP"] * 3), mapping, pd.Series(["a"] * 3))
    assert found["type"]["agreement"] == pytest.approx(2 / 3)
    assert found["class"]["agreement"] == 1.0


def test_the_command_draws_who_was_taken_for_whom(tmp_path: Path, make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells(6)
    for column, value in {"cell_lineage": "immune", "cell_class": "t_cell", "cell_type": "cd4_t_cell"}.items():
        cells.obs[column] = value
    cells.obs["author"] = ["T", "T", "T", "CD4", "CD4", "CD4"]
    cells.write_h5ad(tmp_path / "cells.h5ad")
    (tmp_path / "map.tsv").write_text("label\tpopulation\nT\tt_cell\nCD4\tcd4_t_cell\n")
    options = ["--labels", "author", "--mapping", str(tmp_path / "map.tsv"), "--out", str(tmp_path / "found.json")]
    command = ["evaluate", str(tmp_path / "cells.h5ad"), *options]
    with pytest.raises(SystemExit) as left:
        main([*command, "--figure", str(tmp_path / "confusion.svg")])
    assert not left.value.code
    assert "<svg" in (tmp_path / "confusion.svg").read_text()
    with pytest.raises(SystemExit) as left:
        main([*command, "--figure", str(tmp_path / "confusion.bmp")])
    assert left.value.code == 2
    assert not (tmp_path / "confusion.bmp").exists()


def test_names_that_a_file_brought_are_kept_and_compared_with(tmp_path: Path) -> None:
    cells = dl.read(dl.simulate.study("nerve", seed=4, n_animals=1, cells_per_sample=80).cells)
    tree = dl.populations.tree()
    truth = cells.obs["truth_class"].astype(str)
    cells.obs["cell_type"] = "what the author wrote"
    cells.obs["cluster"] = "7"
    cells.obs["cell_type_ontology_term_id"] = [tree.cl(name) or "unknown" for name in truth]
    for _ in range(2):  # named a second time, our own names of the first are not taken for an author's
        dl.tl.annotate(cells, compartment="nerve")
    assert (cells.obs["cell_type_given"] == "what the author wrote").all()
    assert (cells.obs["cluster_given"] == "7").all()
    assert (cells.obs["cluster"] != "7").all()
    cells.write_h5ad(tmp_path / "cells.h5ad")
    found = tmp_path / "found.json"
    with pytest.raises(SystemExit) as left:
        main(["evaluate", str(tmp_path / "cells.h5ad"), "--labels", "cell_type_ontology_term_id", "--out", str(found)])
    assert not left.value.code
    compared = json.loads(found.read_text())
    assert compared["class"]["agreement_assigned"] > 0.9
    assert compared["n_cells"] > 0.8 * cells.n_obs
