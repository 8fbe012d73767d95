"""Matrices and data frames of R that are odd or broken in ways in which R seldom writes them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dolor.core.errors import DataError, IntegrityError
from dolor.io.formats.rds import read_rds, read_rds_table
from dolor.io.metadata import read_metadata

sys.path.insert(0, str(Path(__file__).parents[1] / "make_formats"))
from r_bytes import HEAD, NIL, data_frame, integers, number, reals, s4, several, strings, with_attributes

GENES, CELLS = strings("Calca", "Actb"), strings("c1", "c2", "c3")
VALUES = [[1, 2], [3, 4], [5, 6]]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(HEAD + content)
    return path


def sparse_matrix(**changed: bytes) -> bytes:
    slots = {
        "i": integers(0, 1, 0, 1, 0, 1), "p": integers(0, 2, 4, 6), "x": reals(1, 2, 3, 4, 5, 6),
        "Dim": integers(2, 3), "Dimnames": several(GENES, CELLS),
    }  # fmt: skip
    return s4("dgCMatrix", **{name: value for name, value in {**slots, **changed}.items() if value})


@pytest.mark.parametrize(
    "content",
    [
        sparse_matrix(),
        with_attributes(integers(1, 2, 3, 4, 5, 6), dim=integers(2, 3), dimnames=several(GENES, CELLS)),
        data_frame(integers(1, 2), reals(3, 4), integers(5, 6), names=CELLS, rows=GENES),
        data_frame(GENES, integers(1, 2), integers(3, 4), integers(5, 6), names=strings("gene", "c1", "c2", "c3")),
    ],
    ids=["sparse", "dense", "data frame", "data frame with a column of genes"],
)
def test_genes_are_in_rows(tmp_path: Path, content: bytes) -> None:
    found = read_rds(written(tmp_path / "a.rds", content)).as_anndata()
    np.testing.assert_array_equal(found.X.toarray(), VALUES)
    assert (found.var_names.tolist(), found.obs_names.tolist()) == (["Calca", "Actb"], ["c1", "c2", "c3"])


def test_genes_in_columns_where_the_entry_says_so(tmp_path: Path) -> None:
    content = with_attributes(integers(1, 2, 3, 4, 5, 6), dim=integers(2, 3), dimnames=several(GENES, CELLS))
    found = read_rds(written(tmp_path / "a.rds", content), "cells_by_genes").as_anndata()
    np.testing.assert_array_equal(found.X.toarray(), np.transpose(VALUES))
    assert (found.obs_names.tolist(), found.var_names.tolist()) == (["Calca", "Actb"], ["c1", "c2", "c3"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (sparse_matrix(i=integers(0, 1, 0, 1, 0, 9)), "its dgCMatrix is broken"),
        (sparse_matrix(x=b""), "its dgCMatrix is broken .'x'."),
        (sparse_matrix(Dim=integers(2)), "its dgCMatrix is broken"),
        (sparse_matrix(Dimnames=b""), "its matrix has no names of genes"),
        (sparse_matrix(Dimnames=several(GENES, NIL)), "its matrix has no names of cells"),
        (with_attributes(integers(1, 2, 3), dim=integers(2, 3)), "holds no matrix, where a sparse matrix"),
        (with_attributes(integers(1, 2), dim=integers(2, 1, 1)), "holds no matrix, where a sparse matrix"),
        (integers(1, 2, 3), "holds no matrix, where a sparse matrix"),
        (NIL, "holds no matrix, where a sparse matrix"),
        (data_frame(GENES, names=strings("gene")), "its data frame has no columns of numbers"),
        (data_frame(names=strings()), "its data frame has no columns of numbers"),
        (data_frame(integers(1, 2), names=strings("c1"), rows=integers(1, 2)), "its matrix has no names of genes"),
        (
            data_frame(with_attributes(integers(1, 2), levels=strings("a", "b")), names=strings("sex"), rows=GENES),
            "the column 'sex' of its data frame holds no numbers",
        ),
    ],
)
def test_what_is_no_matrix_or_broken_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"a.rds: {message}"):
        read_rds(written(tmp_path / "a.rds", content))


@pytest.mark.parametrize(
    "content",
    [
        with_attributes(several(CELLS), **{"class": strings("data.frame")}),
        with_attributes(CELLS, names=strings("cell"), **{"class": strings("data.frame")}),
        data_frame(NIL, names=strings("cell")),
        data_frame(CELLS, names=strings("cell", "sex")),
        data_frame(CELLS, GENES, names=strings("cell", "gene")),
        data_frame(CELLS, names=strings("cell"), rows=GENES),
        data_frame(with_attributes(integers(1), levels=NIL), names=strings("sex")),
    ],
    ids=["no names", "no list", "no column", "few columns", "columns of two lengths", "few rows", "no levels"],
)
def test_a_table_of_cells_that_is_broken_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(IntegrityError, match=r"a\.rds: its data frame is broken .*; write the table with write\.csv"):
        read_metadata(written(tmp_path / "a.rds", content))


def test_a_table_of_cells_with_factors_and_gaps(tmp_path: Path) -> None:
    sexes = with_attributes(integers(2, 1, -(2**31)), levels=strings("F", "M"))
    ages = number(16, 3) + strings("8 weeks", "9 weeks")[8:] + number(9, -1)
    content = data_frame(sexes, ages, integers(4, 5, 6), names=strings("sex", "age", "cage"), rows=CELLS)
    table = read_rds_table(written(tmp_path / "a.rds", content))
    assert table.index.tolist() == ["c1", "c2", "c3"]
    assert table["sex"].tolist() == ["M", "F", ""]
    assert table["age"].tolist() == ["8 weeks", "9 weeks", ""]
    assert table["cage"].tolist() == ["4", "5", "6"]
    numbered = read_rds_table(written(tmp_path / "b.rds", data_frame(integers(7), names=strings("cage"))))
    assert numbered.index.tolist() == [0]
    with pytest.raises(DataError, match=r"c\.rds: holds no data frame; write the table with write\.csv"):
        read_rds_table(written(tmp_path / "c.rds", sparse_matrix()))
