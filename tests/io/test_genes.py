"""Ids, versions, former names and repeats become symbols that stand once."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import dolor as dl
from dolor.core.errors import DataError
from dolor.io.genes import joined, with_symbols

MIXED = ["ENSMUSG00000029580", "ENSMUSG00000086503.4", "Tmem173", "Trpv1", "Trpv1", "my_reporter", "NA", "1E5"]


def _matrix(genes: list[str]) -> anndata.AnnData:
    values = np.arange(1, 2 * len(genes) + 1).reshape(2, -1)
    var = pd.DataFrame(index=[f"g{number}" for number in range(len(genes))])
    adata = anndata.AnnData(sparse.csr_matrix(values), var=var)
    adata.var_names = genes
    return adata


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_any_mixture_becomes_symbols() -> None:
    adata = _matrix(MIXED)
    found = with_symbols(adata, "mouse")
    assert found.var_names.tolist() == ["Actb", "Xist", "Sting1", "Trpv1", "my_reporter", "NA", "1E5"]
    assert found.X.sum() == adata.X.sum()
    assert found.X[:, 3].toarray().ravel().tolist() == [4 + 5, 12 + 13]
    assert found.var["name_in_file"].tolist()[1:4] == ["ENSMUSG00000086503.4", "Tmem173", "Trpv1;Trpv1"]
    with pytest.raises(DataError, match=r"1 gene\(s\) are duplicated \('Trpv1'\)"):
        with_symbols(adata, "mouse", duplicates="refuse")


def test_a_former_name_stays_where_todays_stands_too() -> None:
    adata = _matrix(["Tmem173", "Sting1"])
    assert with_symbols(adata, "mouse") is adata


def test_the_species_is_told_and_held_against_what_is_said(tmp_path: Path) -> None:
    genes = ["Actb", "Xist", "Ddx3y", "Calca", "Trpv1", "Il6ra"]
    path = tmp_path / "a.csv"
    pd.DataFrame(np.ones((6, 3), int), index=genes, columns=["c1", "c2", "c3"]).to_csv(path)
    fields = {"condition": "=naive", "sample_id": "=s1"}
    assert set(dl.read(path, fields=fields).obs["organism"]) == {"mouse"}
    with pytest.raises(DataError, match="is said to be of human, but 100% of its genes are named as in mouse"):
        dl.read(path, fields=fields, organism="human")


def test_samples_with_other_genes_are_joined_and_counted() -> None:
    from collections import Counter

    reported: Counter[str] = Counter()
    found = joined({"a": _matrix(["Actb", "Xist"]), "b": _matrix(["Xist", "Trpv1"])}, reported)
    assert found[:, ["Actb", "Xist", "Trpv1"]].X.toarray().tolist() == [[1, 2, 0], [3, 4, 0], [0, 1, 2], [0, 3, 4]]
    assert list(reported.values()) == [2]


def test_a_table_and_a_sheet_of_cells_in_one_call(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    pd.DataFrame(
        np.ones((6, 3), int),
        index=["Actb", "Xist", "Ddx3y", "Calca", "Trpv1", "Il6ra"],
        columns=["AA.1", "AC.1", "AG.1"],
    ).to_csv(path)
    sheet = "cell,animal,group,sex\nAA-1,m1,naive,F\nAC-1,m2,sni,M\n"
    (tmp_path / "cells.csv").write_text(sheet)
    cells = dl.read(path, metadata=tmp_path / "cells.csv", fields={"sample_id": "animal", "condition": "group"})
    assert cells.obs["sex"].tolist() == ["female", "male"]
    (tmp_path / "cells.csv").write_text(sheet.replace("A-1", "X-1").replace("C-1", "Y-1"))
    with pytest.raises(DataError, match="describes none of the 3 cells: its names are like 'AX-1'"):
        dl.read(path, metadata=tmp_path / "cells.csv")
    (tmp_path / "cells.csv").write_text(sheet + "AG-1,m3\n")
    with pytest.raises(DataError, match="line 4 has 2 fields, its header 4"):
        dl.read(path, metadata=tmp_path / "cells.csv")
