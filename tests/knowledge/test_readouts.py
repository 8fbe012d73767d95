"""What data can show of each statement: each has a row, and a planted fault is named by line and column."""

import pandas as pd
import pytest

from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.knowledge import catalog, gene_logic
from dolor.knowledge.catalog_check import validate
from dolor.knowledge.readouts import read_readouts, readout_faults
from dolor.knowledge.vocabulary import NO_READOUT, READOUTS, words


@pytest.fixture
def planted(tmp_path):
    """Write the shipped table with one cell changed; give the file and the line of the change."""

    def plant(row, column, value):
        table = read_readouts()
        place = table["id"] == row
        table.loc[place, column] = value
        path = tmp_path / "readouts.tsv"
        table.to_csv(path, sep="\t", index=False)
        return path, int(table.index[place][0]) + 2

    return plant


def test_every_statement_has_one_readout_that_the_catalog_names_too():
    statements, table = catalog.mediators(), catalog.readouts()
    assert table["id"].tolist() == statements["id"].tolist()
    assert table["readout"].tolist() == statements["readout"].tolist()
    assert set(table["readout"]) == set(READOUTS)
    assert set(table.loc[table["readout"] == "none", "reason"]) == set(NO_READOUT)


def test_pairs_take_their_cells_from_the_catalog():
    table, statements = catalog.readouts().set_index("id"), catalog.mediators().set_index("id")
    for name in table.index[table["readout"] == "pair"]:
        assert statements.loc[name, "ligand_human"]
        assert statements.loc[name, "receptor_human"]
        senders = statements.loc[name, "source_cell"].replace(";", "|").replace("not_stated", "any")
        assert table.loc[name, "population"] == senders


def test_a_statement_with_a_pair_is_read_from_it():
    rows = catalog.mediators()
    scoreable = (rows[["ligand_human", "receptor_human"]] != "").all(axis=1)
    assert set(rows.loc[scoreable, "readout"]) == {"pair"}
    assert set(rows.loc[~scoreable, "readout"]).isdisjoint({"pair"})


def test_what_is_predicted_follows_from_the_effect_of_a_pair():
    table = catalog.readouts().merge(catalog.mediators()[["id", "effect", "context"]], on="id")
    for row in table[table["readout"] == "pair"].itertuples():
        resolving = "resolution" in words(row.context)
        expected = {"pro": "up", "anti": "up" if resolving else "down"}.get(row.effect, "present")
        assert row.direction == expected, row.id


def test_a_statement_of_no_effect_in_one_sex_predicts_no_change():
    row = catalog.readouts().set_index("id").loc["microglia-nerve-injury-female"]
    assert (row["readout"], row["direction"], row["sex"]) == ("state", "unchanged", "female_only")


def test_the_genes_of_the_two_species_name_as_many_alternatives():
    for row in catalog.readouts().itertuples():
        human, mouse = gene_logic.parse(row.genes_human), gene_logic.parse(row.genes_mouse)
        assert [len(each) for each in human] == [len(each) for each in mouse], row.id


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        ("nk-nerve-injury", "readout", "abundence", "unknown word 'abundence'; did you mean 'abundance'?"),
        ("nk-nerve-injury", "readout", "presence", "'presence', but the catalog says 'abundance'"),
        ("nk-nerve-injury", "population", "nk_cel", "unknown population 'nk_cel'; did you mean 'nk_cell'?"),
        ("nk-nerve-injury", "population", "", "must not be empty for the readout 'abundance'"),
        ("nk-nerve-injury", "partner", "immune", "the readout 'abundance' has no use for it"),
        ("nk-nerve-injury", "direction", "upp", "unknown word 'upp'; did you mean 'up'?"),
        ("nk-nerve-injury", "sex", "female", "unknown word 'female'; did you mean 'female_only'?"),
        ("nk-nerve-injury", "phase", "erly", "unknown word 'erly'; did you mean 'early'?"),
        ("nk-nerve-injury", "phase", "", "must not be empty; write any"),
        ("nk-nerve-injury", "condition", "nerve_injry", "unknown word 'nerve_injry'; did you mean 'nerve_injury'?"),
        ("nk-nerve-injury", "tissue", "nerv", "unknown word 'nerv'; did you mean 'nerve'?"),
        ("glia-chronic-pain-imaging", "reason", "imagin", "unknown word 'imagin'; did you mean 'imaging'?"),
        ("cytokines-nociceptor-sensitisation", "family", "cytokin", "unknown word 'cytokin'; did you mean 'cytokine'?"),
        ("oxphos-reparative-macrophage", "programme", "interferron", "unknown programme 'interferron'; did you mean"),
        ("trem1-colitis-acute", "genes_human", "TREM1+", "a subunit is empty"),
        ("trem1-colitis-acute", "genes_mouse", "Trem11", "'Trem11' is no mouse gene"),
        ("trem1-colitis-acute", "id", "trem1-colits", "no such statement in the catalog; did you mean 'trem1-coli"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_named_by_line_and_column(planted, row, column, value, message):
    path, line = planted(row, column, value)
    faults = [fault for fault in validate(readouts=path).faults if (fault.line, fault.column) == (line, column)]
    assert any(message in fault.message for fault in faults), faults
    assert all(str(fault).startswith(f"readouts.tsv: line {line} (") for fault in faults)


def test_a_statement_without_a_row_is_named(tmp_path):
    table = read_readouts()
    faults = list(readout_faults(table[table["id"] != "nk-nerve-injury"], catalog.mediators()))
    assert [(fault.row, fault.column) for fault in faults] == [("nk-nerve-injury", "id")]


def test_a_row_that_stands_twice_is_named():
    table = read_readouts()
    twice = pd.concat([table, table.iloc[[3]]], ignore_index=True)
    faults = list(readout_faults(twice, catalog.mediators()))
    assert [(fault.line, fault.column) for fault in faults] == [(len(table) + 2, "id")]


def test_reading_a_faulty_table_is_refused_with_the_place(planted):
    path, line = planted("nk-nerve-injury", "direction", "sideways")
    with pytest.raises(DataError, match=rf"readouts\.tsv: line {line} .*column direction: unknown word 'sideways'"):
        catalog.readouts(path)
    path.write_text("id\treadout\nx\tnone\n", encoding="utf-8")
    with pytest.raises(DataError, match="the columns population, .* are missing"):
        catalog.readouts(path)
    with pytest.raises(DataError, match="no such table of readouts"):
        catalog.readouts(path.with_name("absent.tsv"))


def test_the_shipped_table_is_the_one_beside_the_catalog():
    own = signature_path("mediators.tsv").with_name("readouts.tsv")
    assert read_readouts(own).equals(read_readouts())
