"""Label transfer by the real packages on simulated cells, and what is said where one is absent."""

from __future__ import annotations

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import dolor as dl
from dolor.annotate import annotation_remarks, annotation_table
from dolor.core.errors import DataError, MissingExtra, UsageError

HAS_SCVI = all(importlib.util.find_spec(name) for name in ("scvi", "torch"))
HAS_CELLTYPIST = importlib.util.find_spec("celltypist") is not None
needs_scvi = pytest.mark.skipif(not HAS_SCVI, reason="the extra scvi (scvi-tools, torch) is not installed")
needs_celltypist = pytest.mark.skipif(not HAS_CELLTYPIST, reason="the extra celltypist is not installed")
KINDS = ["endothelial_cell", "fibroblast", "macrophage", "schwann_cell"]


def _cells(seed: int) -> AnnData:
    """Simulated cells of nerves that bear their true class as a name; the markers are sure of every second one."""
    study = dl.simulate.study("nerve", seed=seed, n_animals=1, cells_per_sample=100, n_genes=1200)
    cells = dl.read(study.cells[study.cells.obs["truth_class"].isin(KINDS).to_numpy()].copy())
    cells.obs["cell_type"] = cells.obs["truth_class"].astype(str)
    cells.obs["cell_type_confidence"] = np.where(np.arange(cells.n_obs) % 2, 0.95, 0.4)
    cells.obs["cluster"] = cells.obs["truth_class"].astype(str)
    return cells


@pytest.fixture
def cells() -> AnnData:
    return _cells(1)


def _write_model(learned: AnnData, path: Path) -> None:
    """Write a model as CellTypist keeps it; its own training asks scikit-learn for an argument that is gone by 1.8."""
    values = learned.X.toarray()
    scaler = StandardScaler().fit(values)
    classifier = LogisticRegression(max_iter=50).fit(scaler.transform(values), learned.obs["truth_class"].astype(str))
    classifier.features = learned.var_names.to_numpy()
    path.write_bytes(pickle.dumps({"Model": classifier, "Scaler_": scaler, "description": {}}))


def _agreeing(table: pd.DataFrame) -> float:
    return float((table["agreeing"] * table["n_compared"]).sum() / table["n_compared"].sum())


@needs_scvi
def test_scanvi_learns_from_sure_cells_and_one_wrong_name_is_outvoted(cells: AnnData) -> None:
    named = cells.obs["cell_type"].copy()
    wrong = np.flatnonzero((named == "schwann_cell").to_numpy() & (cells.obs["cell_type_confidence"] < 0.9).to_numpy())
    cells.obs.iloc[wrong[:20], cells.obs.columns.get_loc("cell_type")] = "macrophage"
    table = dl.tl.transfer_labels(cells, "scanvi", max_epochs=40, seed=3)
    got = cells.obs["transferred_type"].astype(str)
    unsure = (cells.obs["cell_type_confidence"] < 0.9).to_numpy()
    assert (got == named)[unsure].mean() > 0.85
    assert (got.iloc[wrong[:20]] == "schwann_cell").mean() > 0.8
    assert table["n_seeds"].sum() == cells.uns["label_transfer_source"]["n_labelled"]
    assert 0.6 < table["n_seeds"].sum() / (~unsure).sum() < 0.95  # some sure cells are kept back
    assert table.set_index("cell_type").loc["macrophage", "most_other"] == "schwann_cell"
    assert cells.obs["transferred_confidence"].between(0, 1).all()
    assert (cells.obs["cell_type"].iloc[wrong[:20]] == "macrophage").all()  # the markers' name stays


@needs_scvi
def test_scanvi_learns_from_a_reference_in_its_own_words(cells: AnnData, tmp_path: Path) -> None:
    reference = _cells(2)
    reference.obs["author"] = reference.obs["truth_class"].astype(str).str.upper()
    reference.obs.loc[reference.obs_names[:5], "author"] = "DEBRIS/DUST"
    reference.write_h5ad(tmp_path / "reference.h5ad")
    pd.DataFrame({"label": [kind.upper() for kind in KINDS], "population": KINDS}).to_csv(
        tmp_path / "labels.tsv", sep="\t", index=False
    )
    files = {"reference": str(tmp_path / "reference.h5ad"), "label_map": str(tmp_path / "labels.tsv")}
    table = dl.tl.transfer_labels(cells, "scanvi", **files, reference_labels="author", max_epochs=40, seed=3)
    assert table["n_seeds"].sum() == 0
    assert _agreeing(table) > 0.85
    assert cells.uns["label_transfer_source"]["left_out"] == "DEBRIS/DUST (5)"
    cells.write_h5ad(tmp_path / "named.h5ad")
    with pytest.raises(DataError, match="obs has no column 'kind' with labels"):
        dl.tl.transfer_labels(cells, "scanvi", **files, reference_labels="kind")


@needs_celltypist
def test_celltypist_votes_in_our_clusters_with_a_named_model(
    cells: AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLTYPIST_FOLDER", str(tmp_path / "celltypist"))
    _write_model(_cells(2), tmp_path / "nerve.pkl")
    table = dl.tl.transfer_labels(cells, "celltypist", celltypist_model=str(tmp_path / "nerve.pkl"))
    assert _agreeing(table) > 0.95
    assert (
        cells.obs.groupby("cluster", observed=True)["transferred_type"].agg(lambda names: len(set(names))) == 1
    ).all()
    assert cells.obs["transferred_confidence"].between(0, 1).all()
    assert cells.uns["label_transfer_source"]["file"] == "nerve.pkl"
    other = cells.copy()
    other.var_names = [f"Other{number}" for number in range(other.n_vars)]
    with pytest.raises(DataError, match="shares 0 genes with these cells"):
        dl.tl.transfer_labels(other, "celltypist", celltypist_model=str(tmp_path / "nerve.pkl"))
    (tmp_path / "list.pkl").write_bytes(pickle.dumps(["no model"]))
    with pytest.raises(DataError, match="is no CellTypist model"):
        dl.tl.transfer_labels(cells, "celltypist", celltypist_model=str(tmp_path / "list.pkl"))


@pytest.mark.skipif(HAS_SCVI, reason="scvi-tools is installed")
def test_without_scvi_tools_its_extra_is_named(cells: AnnData) -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'dolor\[scvi\]'"):
        dl.tl.transfer_labels(cells, "scanvi")


@pytest.mark.skipif(HAS_CELLTYPIST, reason="celltypist is installed")
def test_without_celltypist_its_extra_is_named(cells: AnnData, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"")
    with pytest.raises(MissingExtra, match=r"pip install 'dolor\[celltypist\]'"):
        dl.tl.transfer_labels(cells, "celltypist", celltypist_model=str(tmp_path / "model.pkl"))


def test_a_model_is_a_file_that_was_named_and_never_one_that_is_looked_up(cells: AnnData) -> None:
    with pytest.raises(UsageError, match="needs the file of a model that you trust"):
        dl.tl.transfer_labels(cells, "celltypist")
    with pytest.raises(DataError, match="Immune_All_Low.pkl: no such file"):
        dl.tl.transfer_labels(cells, "celltypist", celltypist_model="Immune_All_Low.pkl")
    with pytest.raises(UsageError, match="label transfer 'magic' is not known; choose none, scanvi, celltypist"):
        dl.tl.transfer_labels(cells, "magic")
    with pytest.raises(UsageError, match="scanvi reads no model"):
        dl.tl.transfer_labels(cells, "scanvi", celltypist_model="m.pkl")
    with pytest.raises(UsageError, match="celltypist reads a model and no reference"):
        dl.tl.transfer_labels(cells, "celltypist", celltypist_model="m.pkl", reference="r.h5ad")


def test_what_was_transferred_stands_beside_in_the_table_and_in_what_is_said(cells: AnnData) -> None:
    for column in ("cell_lineage", "cell_class", "cell_state", "second_best", "cell_type_ontology_term_id"):
        cells.obs[column] = ""
    cells.obs["annotation_flag"] = ""
    cells.uns["annotation_limits"] = pd.DataFrame({"population": [], "reason": []})
    assert "transferred_type" not in annotation_table(cells).columns
    cells.obs["transferred_type"], cells.obs["transferred_confidence"] = "macrophage", 0.7
    cells.uns["label_transfer"] = pd.DataFrame(
        [("macrophage", 9, 0, True, 9, 1.0, "")],
        columns=["cell_type", "n_cells", "n_seeds", "taught", "n_compared", "agreeing", "most_other"],
    )
    cells.uns["label_transfer_source"] = {"method": "celltypist"}
    assert set(annotation_table(cells)["transferred_type"]) == {"macrophage"}
    assert annotation_remarks(cells)[-1].startswith("celltypist gives 100% of 9 cells")
