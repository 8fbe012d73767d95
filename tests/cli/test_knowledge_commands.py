"""What dolor knows, asked from the command line."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from dolor import catalog
from dolor.cli import main
from dolor.cli.knowledge import CHOICES
from dolor.core.package_files import signature_path


def _said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main(words)
    said = capsys.readouterr()
    assert left.value.code == code, said.err
    return said.out + said.err


def test_show_filters_and_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(capsys, "catalog", "show", "--effect", "anti", "--compartment", "drg")
    table = pd.read_csv(io.StringIO(said), sep="\t", dtype=str, keep_default_na=False)
    assert len(table) > 0
    assert set(table["effect"]) == {"anti"}
    assert "did you mean 'anti'" in _said(capsys, "catalog", "show", "--effect", "antii", code=2)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("effect", "bad", "effect"), ("receptor_human", "NOTAGENE1", "NOTAGENE1"), ("locator", "P99.9", "P99.9")],
)
def test_a_fault_in_a_catalog_is_named_by_row_and_column(
    column: str, value: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(signature_path("mediators.tsv"), sep="\t", dtype=str, keep_default_na=False)
    row = table.index[table["kind"] == "ligand_receptor"][0]
    table.loc[row, column] = value
    table.to_csv(tmp_path / "own.tsv", sep="\t", index=False)
    said = _said(capsys, "catalog", "validate", str(tmp_path / "own.tsv"), code=3)
    assert table.loc[row, "id"] in said
    assert column in said
    assert message in said


def test_the_shipped_knowledge_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no faults" in _said(capsys, "catalog", "validate")
    assert "level\tclass" in _said(capsys, "populations", "validate")
    assert "no faults" in _said(capsys, "datasets", "validate")


def test_exports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _said(capsys, "catalog", "export", "--organism", "human", "--layout", "liana", "--out", str(tmp_path / "l.tsv"))
    assert {"ligand", "receptor"} <= set(pd.read_csv(tmp_path / "l.tsv", sep="\t").columns)
    _said(capsys, "populations", "export", "--compartment", "drg", "--out", str(tmp_path / "m.tsv"))
    markers = pd.read_csv(tmp_path / "m.tsv", sep="\t")
    assert "microglia" not in set(markers["population"])
    assert set(markers["sign"]) == {1, -1}
    assert "choose dolor, liana or cellphonedb" in _said(capsys, "catalog", "export", "--layout", "x", code=2)


def test_a_resource_of_liana_is_exported_with_its_merged_ligands_as_alternatives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("liana", reason="needs the extra 'discovery'")
    out = tmp_path / "pairs.tsv"
    _said(capsys, "catalog", "export", "--resource", "consensus", "--organism", "human", "--out", str(out))
    pairs = pd.read_csv(out, sep="\t", dtype=str, keep_default_na=False)
    assert len(pairs) > 4000
    assert "CSF1|IL34" in set(pairs["ligand"])


def test_a_faulty_registry_is_named_by_entry_and_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yaml").write_text("mine:\n  title: x\n  organsim: mouse\n")
    said = _said(capsys, "datasets", "validate", str(tmp_path / "own.yaml"), code=3)
    assert "'organsim'; did you mean 'organism'" in said


@pytest.mark.parametrize("column", sorted(CHOICES))
def test_the_words_that_help_lists_are_those_of_the_catalog(column: str) -> None:
    stated = {word for text in catalog.mediators()[column].astype(str) for word in text.split(";")} - {""}
    assert set(CHOICES[column].split()) == stated
