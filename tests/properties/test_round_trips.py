"""What is written comes back the same, whatever the labels are and however the genes are joined."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st

import dolor as dl
from dolor.io.export import write_graphml, write_tsv
from dolor.io.write import read_table, write_table
from dolor.knowledge import gene_logic
from dolor.knowledge.catalog import to_liana

GENES = ("Actb", "Xist", "Ddx3y", "Calca", "Trpv1", "Il6ra")


@settings(max_examples=10)
@given(data=st.data())
def test_cells_survive_a_file(make_cells: Callable[..., AnnData], tmp_path: Path, strategies: type, data) -> None:
    cells = make_cells(12, GENES)
    labels = data.draw(st.lists(strategies.labels, min_size=12, max_size=12))
    cells.obs["label"] = labels
    cells.layers["counts"] = data.draw(strategies.counts(12, len(GENES)))
    read = dl.read(cells)
    read.write_h5ad(tmp_path / "cells.h5ad")
    again = dl.read(tmp_path / "cells.h5ad")
    assert again.obs["label"].astype(str).tolist() == labels
    np.testing.assert_array_equal(again.layers["counts"].toarray(), read.layers["counts"].toarray())
    np.testing.assert_array_equal(again.X.toarray(), read.X.toarray())
    assert anndata.read_h5ad(tmp_path / "cells.h5ad").obs["label"].astype(str).tolist() == labels


@given(data=st.data())
def test_tables_survive_a_file_and_give_the_same_bytes(tmp_path: Path, strategies: type, data) -> None:
    labels = data.draw(st.lists(strategies.labels, min_size=1, max_size=8))
    numbers = data.draw(st.lists(st.floats(allow_nan=True), min_size=len(labels), max_size=len(labels)))
    frame = pd.DataFrame({"label": labels, "number": numbers})
    for name in ("one.parquet", "two.parquet"):
        write_table(frame, tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / "one.parquet"), frame)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@given(data=st.data())
def test_exports_hold_every_row_whatever_the_labels(tmp_path: Path, strategies: type, data) -> None:
    labels = data.draw(st.lists(strategies.labels, min_size=1, max_size=6, unique=True))
    frame = pd.DataFrame({"sender": labels, "receiver": labels[::-1], "score": np.arange(len(labels)) / 2})
    write_tsv(frame, tmp_path / "a.tsv")
    back = pd.read_csv(tmp_path / "a.tsv", sep="\t", dtype={"sender": str, "receiver": str}, keep_default_na=False)
    assert back["score"].tolist() == frame["score"].tolist()
    assert not back["sender"].str.startswith(("=", "+", "-", "@")).any()
    write_graphml(frame, tmp_path / "a.graphml")
    edges = ElementTree.parse(tmp_path / "a.graphml").getroot().iter("{http://graphml.graphdrawing.org/xmlns}edge")  # noqa: S314
    assert len(list(edges)) == len(frame)


@given(data=st.data())
def test_complexes_explode_and_assemble_back(strategies: type, data) -> None:
    """A row of LIANA an alternative, subunits joined by ``_``, which no symbol here holds."""
    ligand = data.draw(strategies.alternatives)
    receptor = data.draw(strategies.alternatives)
    pair = {"interaction_id": "one", "ligand": gene_logic.format(ligand), "receptor": gene_logic.format(receptor)}
    rows = to_liana(pd.DataFrame([pair]))
    assert len(rows) == len(ligand) * len(receptor)
    for column, whole in (("ligand", ligand), ("receptor", receptor)):
        assembled = gene_logic.format(name.split("_") for name in dict.fromkeys(rows[column]))
        assert gene_logic.canonical(assembled) == gene_logic.canonical(gene_logic.format(whole))
