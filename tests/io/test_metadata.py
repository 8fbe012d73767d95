"""Tables that describe cells or samples, and what is said where they do not fit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dolor.core.errors import DataError
from dolor.io.metadata import joined_to, read_metadata

SERIES = """\
!Series_title\t"A study"
!Sample_title\t"s1"\t"s2"
!Sample_geo_accession\t"GSM1"\t"GSM2"
!Sample_characteristics_ch1\t"Sex: female"\t"tissue: DRG"
!Sample_characteristics_ch1\t"tissue: DRG"\t"no colon"
!series_matrix_table_begin
!Sample_title\t"not read"
"""


def test_a_table_as_r_writes_it_has_a_header_without_its_first_name(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("condition\tsex\nc1\tnaive\tF\nc2\tsni\tM\n")
    table = read_metadata(tmp_path / "a.tsv")
    assert table.index.tolist() == ["c1", "c2"]
    assert table["sex"].tolist() == ["F", "M"]
    (tmp_path / "b.csv").write_text("name,,sex\nc1,naive,F\n")
    assert read_metadata(tmp_path / "b.csv").columns.tolist() == ["name", "column_2", "sex"]


def test_samples_of_a_series_matrix(tmp_path: Path) -> None:
    (tmp_path / "GSE1_series_matrix.txt").write_text(SERIES)
    table = read_metadata(tmp_path / "GSE1_series_matrix.txt", key="geo_accession")
    assert table.index.tolist() == ["GSM1", "GSM2"]
    assert table["title"].tolist() == ["s1", "s2"]
    assert table["Sex"].tolist() == ["female", ""]
    assert table["tissue"].tolist() == ["DRG", "DRG"]
    (tmp_path / "broken_series_matrix.txt").write_text(SERIES.replace('\t"s2"', "", 1))
    with pytest.raises(DataError, match="is no complete series matrix"):
        read_metadata(tmp_path / "broken_series_matrix.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cell,sex\n", "holds a header and no rows"),
        ("cell,sex,sex\nc1,F,F\n", "names the column 'sex' more than once"),
        ("cell,sex\nc1,F\nc2\n", "line 3 has 1 fields, its header 2"),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        read_metadata(tmp_path / "a.csv")


def test_what_is_no_table_and_what_has_no_barcodes(tmp_path: Path) -> None:
    (tmp_path / "a.h5ad").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(DataError, match="is no table of cells but"):
        read_metadata(tmp_path / "a.h5ad")
    (tmp_path / "a.csv").write_text("cell,sex\nc1,F\n")
    with pytest.raises(DataError, match="has no column 'barcode' with the barcodes; there are cell, sex"):
        read_metadata(tmp_path / "a.csv", key="barcode")


def test_tables_that_do_not_fit_the_cells() -> None:
    cells = pd.DataFrame(index=["c1", "c2"])
    table = pd.DataFrame({"sex": ["F", "M", "M"]}, index=["c1", "c2", "c2"])
    with pytest.raises(DataError, match="has 3 rows for 2 cells"):
        joined_to(cells, table, "t.csv", by_position=True)
    placed, lost = joined_to(cells, table[:2], "t.csv", by_position=True)
    assert placed["sex"].tolist() == ["F", "M"]
    assert lost == {}
    with pytest.raises(DataError, match="cells whose barcodes repeat"):
        joined_to(pd.DataFrame(index=["c1", "c1"]), table, "t.csv")
