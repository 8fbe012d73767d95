"""A laboratory's own study, by its entry in a registry of its own: how its files are found, joined and described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dolor.core.errors import DataError, UsageError
from dolor.studies import registry
from dolor.studies.listing import page
from dolor.studies.read import read_study, study_file

ENTRY: dict[str, Any] = {
    "title": "Ours",
    "citation": {"text": "not published"},
    "organism": "mouse",
    "tissue": "dorsal root ganglion",
    "compartment": "drg",
    "assay": "10x",
    "suspension_type": "cell",
    "sexes": ["male"],
    "conditions": [
        {"value": "naive", "model": "naive", "role": "reference"},
        {"value": "sni", "model": "nerve_injury", "role": "case", "time_point": "day 3", "description": "spared"},
    ],
    "columns": {
        "sample_id": {"pattern": r"^(?P<s>[ab]\d)", "source": "barcode"},
        "donor_id": {"pattern": r"^(?P<s>[ab]\d)", "source": "barcode"},
        "condition": {"pattern": r"^(?P<c>[ab])", "source": "barcode", "values": {"a": "naive", "b": "sni"}},
        "sex": {"constant": "male"},
    },
}
COUNTS = {"name": "*counts.csv", "format": "dense_text", "location": "web"}
SHEET = {"name": "sheet.csv", "format": "table", "content": "metadata", "location": "web"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the entry with other keys beside, and name it and the folder of its files to dolor."""

    def write(**more: Any) -> Path:
        (tmp_path / "own.yaml").write_text(yaml.safe_dump({"ours": {**ENTRY, **more}}))
        return tmp_path / "data" / "ours"

    (tmp_path / "data" / "ours").mkdir(parents=True)
    monkeypatch.setenv("DOLOR_REGISTRY", str(tmp_path / "own.yaml"))
    monkeypatch.setenv("DOLOR_DATA", str(tmp_path / "data"))
    return write


def test_files_of_one_sample_each_are_joined_under_its_name(own: Any) -> None:
    folder = own(files=[COUNTS])
    (folder / "one.counts.csv").write_text("gene,a1_x,a1_y\nCalca,1,0\nActb,2,3\n")
    (folder / "two.counts.csv").write_text("gene,b1_x,b1_y\nActb,4,0\nXist,0,0\n")
    cells, source, dropped = read_study("ours")
    assert cells.obs_names.tolist() == ["a1_a1_x", "a1_a1_y", "b1_b1_x"]
    assert cells.obs["condition"].tolist() == ["naive", "naive", "sni"]
    assert cells[:, "Actb"].layers["counts"].toarray().ravel().tolist() == [2, 3, 4]
    # The second file lists a gene without counts, so the gene that it lacks was not measured; the first lists none.
    assert cells.var_names.tolist() == ["Actb", "Xist"]
    assert source == study_file("ours") == folder / "one.counts.csv"
    assert dropped == {
        "without a single count": 1,
        "genes that some files lack, such as 'Calca' (no cell is lost)": 1,
        "genes that some files lack, counted 0 there, such as 'Xist' (no cell is lost)": 1,
    }  # fmt: skip
    assert set(cells.obs["dataset_id"]) == {"ours"}


def test_files_of_several_samples_are_joined_under_their_own_names(own: Any) -> None:
    folder = own(files=[COUNTS])
    (folder / "left.counts.csv").write_text("gene,a1,b1\nCalca,1,1\nActb,2,3\n")
    (folder / "right.counts.csv").write_text("gene,a1,b2\nCalca,1,1\nActb,2,3\n")
    cells, _, _ = read_study("ours", dataset_id="again")
    assert cells.obs_names.tolist() == ["left_a1", "left_b1", "right_a1", "right_b2"]
    assert set(cells.obs["dataset_id"]) == {"again"}


def test_a_table_in_the_order_of_the_cells_says_which_are_kept(own: Any) -> None:
    folder = own(files=[COUNTS, {**SHEET, "by_position": True}], keep={"quality": ["good"], "condition": ["a"]})
    (folder / "counts.csv").write_text("gene,a1_x,a1_y,b1_x\nCalca,1,2,3\nActb,2,3,4\n")
    (folder / "sheet.csv").write_text("row,quality\n1,good\n2,poor\n3,good\n")
    cells, _, dropped = read_study("ours")
    assert cells.obs_names.tolist() == ["a1_x"]
    assert dropped == {"quality is not good": 1, "condition is not a": 1}
    own(files=[COUNTS], keep={"quality": ["good"]})
    with pytest.raises(DataError, match=r"counts\.csv: obs has no column 'quality', by which the entry says which"):
        read_study("ours")
    own(files=[COUNTS], keep={"condition": ["c"]})
    with pytest.raises(DataError, match="none of its 3 cells is kept by the entry 'ours'"):
        read_study("ours")


def test_a_table_that_is_not_there_is_named_with_the_cells_it_describes(own: Any) -> None:
    folder = own(files=[COUNTS, SHEET])
    (folder / "counts.csv").write_text("gene,a1_x,b1_x\nCalca,1,3\nActb,2,4\n")
    with pytest.raises(DataError, match=r"sheet\.csv: no such file; it describes the cells of counts\.csv"):
        read_study("ours")


def test_an_entry_without_a_condition_is_said(own: Any) -> None:
    columns = {name: rule for name, rule in ENTRY["columns"].items() if name != "condition"}
    folder = own(files=[COUNTS], columns=columns)
    (folder / "counts.csv").write_text("gene,a1_x,b1_x\nCalca,1,3\nActb,2,4\n")
    with pytest.raises(DataError, match="the entry 'ours' does not say how the condition is read"):
        read_study("ours")


def test_what_cannot_be_read_by_name_says_what_to_do(own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(files=[SHEET], notes="ask the authors")
    with pytest.raises(UsageError, match="the file of study 'ours' has to be named: give its path"):
        study_file("ours")
    with pytest.raises(UsageError, match="no file of counts that is read here: ask the authors"):
        read_study("ours")
    with pytest.raises(UsageError, match="no file of counts that is read here"):
        read_study("ours", path=tmp_path / "any.h5ad")
    own(files=[{**COUNTS, "name": "all.rds", "format": "rds_seurat"}])
    with pytest.raises(UsageError, match=r"comes as rds_seurat, which this version does not read; convert it"):
        read_study("ours")
    own(files=[{**COUNTS, "name": "cells.h5ad", "format": "h5ad"}])
    assert study_file("ours") == tmp_path / "data" / "ours" / "cells.h5ad"
    own(files=[{**COUNTS, "name": "cells.h5ad", "format": "h5ad", "location": "DOLOR_DATA", "folder": "lab"}])
    assert study_file("ours") == tmp_path / "data" / "lab" / "cells.h5ad"
    with pytest.raises(DataError, match=r"cells\.h5ad: no such file; get it with  dolor datasets fetch ours"):
        read_study("ours")
    monkeypatch.delenv("DOLOR_DATA")
    with pytest.raises(UsageError, match=r"in the folder named by \$DOLOR_DATA: set it"):
        read_study("ours")


def test_a_page_says_all_that_the_entry_does(own: Any) -> None:
    own(
        files=[{**COUNTS, "size": "3 MB"}, {**SHEET, "content": "other"}],
        replicates={"sni": 3},
        cellxgene={"collection": "c0ffee", "datasets": ["d1", "d2"]},
        labels=["cell_type_author"],
        notes="word " * 40,
        unverified=["sexes: nobody says"],
    )
    lines = page(registry.show("ours")).splitlines()
    assert lines[0] == "ours: Ours"
    assert "  accession    not known" in lines
    assert "  can be read  yes, by name" in lines
    assert "  CELLxGENE    collection c0ffee datasets d1 d2" in lines
    assert any(line.split() == ["naive", "naive", "reference"] for line in lines)
    assert any(line.endswith("spared; day 3; 3 samples") for line in lines)
    assert "*counts.csv counts 3 MB web, address not known" in [" ".join(line.split()) for line in lines]
    assert "  and 1 more that reading does not need" in lines
    assert "Published labels: cell_type_author" in lines
    notes = lines[lines.index("Notes") + 1 : lines.index("Unverified") - 1]
    assert len(notes) == 2
    assert max(map(len, notes)) <= 118
    assert lines[-1] == "  sexes: nobody says"
