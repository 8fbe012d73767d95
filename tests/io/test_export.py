"""What goes out can be read by others, and comes back the same."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError
from dolor.io.detect import load
from dolor.io.export import liana_table, signals_as_anndata, write_cellxgene, write_graphml, write_tenx, write_tsv

Maker = Callable[..., AnnData]
HOSTILE = ["=cmd()", "+1", "-x", "@sum", "a\tb", "two\nlines", "</script>", "β 🐭", "\x00\x07bell"]
GENES = ("Actb", "Xist", "Ddx3y", "Calca", "Trpv1", "Il6ra", "my_reporter")


def test_no_cell_of_a_table_runs_as_a_formula(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": HOSTILE, "effect": np.linspace(-1, 1, len(HOSTILE))})
    write_tsv(frame, tmp_path / "a.tsv")
    with (tmp_path / "a.tsv").open(newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t"))
    assert len(rows) == len(frame) + 1
    assert not any(row[0].startswith(("=", "+", "-", "@")) for row in rows)
    assert [float(row[1]) for row in rows[1:]] == frame["effect"].tolist()


def test_a_graph_is_well_formed_whatever_the_labels(tmp_path: Path) -> None:
    frame = pd.DataFrame({"sender": HOSTILE, "receiver": "nociceptor", "ligand": HOSTILE, "effect": 0.5})
    frame.loc[0, "effect"] = np.nan
    write_graphml(frame, tmp_path / "a.graphml")
    space = "{http://graphml.graphdrawing.org/xmlns}"
    graph = ElementTree.parse(tmp_path / "a.graphml").getroot().find(f"{space}graph")  # noqa: S314
    assert len(graph.findall(f"{space}edge")) == len(HOSTILE)
    assert len(graph.findall(f"{space}node")) == len(HOSTILE) + 1
    assert len(graph.find(f"{space}edge").findall(f"{space}data")) == 1
    with pytest.raises(DataError, match="has no column sender"):
        write_graphml(frame.drop(columns="sender"), tmp_path / "b.graphml")


def test_names_of_liana(reference_dir: Path) -> None:
    theirs = pd.read_csv(reference_dir / "liana" / "rank_aggregate.csv.gz", nrows=1).columns
    ours = liana_table(pd.DataFrame({"score": [1.0], "receptor": "A+B", "ligand": "L", "receiver": "r", "sender": "s"}))
    assert set(ours.columns[:4]) <= set(theirs)
    assert ours.iloc[0].tolist() == ["s", "r", "L", "A_B", 1.0]


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Of a small simulated study; some signals are missing in some samples."""
    cells = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=80).cells
    cells.obs["cell_type"] = cells.obs["truth_class"]
    pairs = dl.catalog.interactions("mouse")
    return dl.tl.score(dl.tl.profiles(cells, pairs), pairs).sample(frac=0.9, random_state=0)


def test_scores_as_anndata_come_back_row_by_row(scores: pd.DataFrame, tmp_path: Path) -> None:
    signals_as_anndata(scores).write_h5ad(tmp_path / "signals.h5ad")
    found = anndata.read_h5ad(tmp_path / "signals.h5ad")
    assert int(np.isfinite(found.layers["n_sender"]).sum()) == len(scores)
    np.testing.assert_array_equal(found.X, found.layers["score"])
    row = found.obs.reset_index(drop=True).reset_index(names="row")
    keys = ["dataset_id", "sample_id", "sender", "receiver"]
    at = scores.astype(dict.fromkeys(keys, str)).merge(row.astype(dict.fromkeys(keys, str)), on=keys, how="left")
    column = found.var_names.get_indexer(at["interaction_id"].astype(str))
    for name in ("score", "pvalue", "detect_ligand", "detect_receptor", "n_sender", "n_receiver"):
        stored = found.layers[name][at["row"], column]
        np.testing.assert_array_equal(stored, at[name].to_numpy(dtype=np.float32), err_msg=name)
    assert found.var.loc[at["interaction_id"].astype(str), "receptor"].tolist() == at["receptor"].astype(str).tolist()
    back = found.uns["liana_res"]
    assert back["flags"].astype(str).tolist() == scores["flags"].astype(str).tolist()
    assert back["source"].astype(str).tolist() == scores["sender"].astype(str).tolist()


# LIANA's own: it writes into a slice of its table.
@pytest.mark.filterwarnings("ignore::pandas.errors.SettingWithCopyWarning")
def test_a_dot_plot_of_liana_draws_exported_scores(scores: pd.DataFrame) -> None:
    liana = pytest.importorskip("liana", reason="needs the extra 'discovery'")
    sample = scores["sample_id"].astype(str).iloc[0]
    one = signals_as_anndata(scores[scores["sample_id"].astype(str) == sample])
    drawn = liana.pl.dotplot(one, colour="score", size="score", top_n=5, orderby="score", orderby_ascending=False)
    shown = set(drawn.data["interaction"])
    best = scores[scores["sample_id"].astype(str) == sample].nlargest(1, "score").iloc[0]
    assert any(name.startswith(f"{best['ligand']} ") for name in shown)


def test_a_signal_with_two_rows_is_not_exported(scores: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"3 signal\(s\) have two rows, the first is"):
        signals_as_anndata(pd.concat([scores, scores.head(3)]))
    with pytest.raises(DataError, match="no column ligand; give scores or contrasts"):
        signals_as_anndata(scores.drop(columns="ligand"))


def test_contrasts_as_anndata_have_one_row_a_comparison_and_pair_of_populations() -> None:
    contrasts = dl.pl.example_contrasts()
    found = signals_as_anndata(contrasts)
    keys = ["dataset_id", "contrast_type", "case", "reference", "stratum", "sender", "receiver"]
    assert found.n_obs == len(contrasts[keys].drop_duplicates())
    assert {"effect", "se", "pvalue", "qvalue"} <= set(found.layers)
    np.testing.assert_array_equal(found.X, found.layers["effect"])


def test_a_10x_folder_comes_back_the_same(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells(genes=GENES)
    folder = write_tenx(cells, tmp_path / "out")
    found = load(folder)
    np.testing.assert_array_equal(found.X.toarray(), cells.layers["counts"].toarray())
    assert found.var_names.tolist() == list(GENES)
    again = dl.read(folder, metadata=folder / "cells.tsv")
    assert again.obs["condition"].astype(str).tolist() == cells.obs["condition"].tolist()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(DataError, match="is there already"):
        write_tenx(cells, folder)
    write_tenx(cells, tmp_path / "twice")
    assert {path.name: path.read_bytes() for path in (tmp_path / "twice").iterdir()} == before
    cells.obs_names = [f"{name}\n" for name in cells.obs_names]
    with pytest.raises(DataError, match="holds a tab or a line end"):
        write_tenx(cells, tmp_path / "broken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "twice"]


def test_the_form_of_cellxgene(make_cells: Maker, tmp_path: Path) -> None:
    cells = dl.read(make_cells(genes=GENES))
    cells.obs["cell_type"] = "macrophage"
    cells.obsm["X_umap"] = np.zeros((cells.n_obs, 2), np.float32)
    path = tmp_path / "a.h5ad"
    open_fields = write_cellxgene(cells, path, title="Toy", terms={"assay": "EFO:0009899"})
    assert open_fields == ["development_stage_ontology_term_id", "disease_ontology_term_id", "var"]
    found = anndata.read_h5ad(path)
    assert found.obs["sex_ontology_term_id"].astype(str).tolist()[0] == "PATO:0000383"
    assert set(found.obs["tissue_ontology_term_id"]) == {"UBERON:0000044"}
    assert set(found.obs["cell_type_ontology_term_id"]) == {"CL:0000235"}
    assert set(found.obs["self_reported_ethnicity_ontology_term_id"]) == {"na"}
    assert found.uns["organism_ontology_term_id"] == "NCBITaxon:10090"
    assert "organism" not in found.obs
    assert found.obsm["X_umap"].shape == (cells.n_obs, 2)
    assert all(name.startswith("ENSMUSG") for name in found.var_names)
    np.testing.assert_array_equal(found.raw.X.toarray(), cells.layers["counts"].toarray()[:, :6])
    again = dl.read(path)
    np.testing.assert_array_equal(again.layers["counts"].toarray(), found.raw.X.toarray())
    assert again.obs["sex"].astype(str).tolist() == cells.obs["sex"].astype(str).tolist()
    assert again.var_names.tolist() == list(GENES[:6])
    with pytest.raises(DataError, match="there is no field 'illness'"):
        write_cellxgene(cells, path, title="Toy", terms={"illness": "x"})
