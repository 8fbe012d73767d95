"""Pairs beyond the review: each has a source, exists in both species, and is not one of the review's."""

import pytest

from dolor.core.errors import DataError
from dolor.knowledge import catalog, gene_logic
from dolor.knowledge.catalog_check import validate
from dolor.knowledge.catalog_rules import pair_faults
from dolor.knowledge.extended import read_extended
from dolor.knowledge.pairs import counterparts


@pytest.fixture
def planted(tmp_path):
    """Write the shipped table with one cell changed; give the file and the line of the change."""

    def plant(row, column, value):
        table = read_extended()
        table.loc[table["id"] == row, column] = value
        path = tmp_path / "pairs_extended.tsv"
        table.to_csv(path, sep="\t", index=False)
        return path, int(table.index[table["id"] == row][0]) + 2

    return plant


def test_there_are_eighty_and_the_review_names_none_of_them():
    beyond = catalog.extended()
    review = set(
        catalog.interactions("human")["interaction_id"].map(
            lambda pair: tuple(map(gene_logic.canonical, pair.split(":")))
        )
    )
    pairs = {
        (gene_logic.canonical(ligand), gene_logic.canonical(receptor))
        for ligand, receptor in zip(beyond["ligand_human"], beyond["receptor_human"], strict=True)
    }
    assert len(pairs) == len(beyond) >= 80
    assert not pairs & review


def test_the_genes_of_the_two_species_are_counterparts():
    for row in catalog.extended().itertuples():
        for human, mouse in ((row.ligand_human, row.ligand_mouse), (row.receptor_human, row.receptor_mouse)):
            found = counterparts([human], "mouse")
            own = set(gene_logic.genes(mouse))
            assert own <= {gene for others in found.values() for gene in others}, row.id
            assert all(own & set(others) for others in found.values() if len(others) == 1), row.id


def test_the_two_sides_of_every_pair_can_be_told_apart():
    for row in catalog.extended().itertuples():
        assert any("swapped" in message for _, message in pair_faults(row.receptor_human, row.ligand_human)), row.id


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        ("tslp-tslpr", "source_doi", "", "must not be empty"),
        ("tslp-tslpr", "source_doi", "PMID 1", "is no DOI"),
        ("tslp-tslpr", "seen_in", " ", "must not be empty"),
        ("tslp-tslpr", "target_compartment", "ganglion", "unknown word 'ganglion'; known: skin"),
        ("tslp-tslpr", "species", "mice", "unknown word 'mice'"),
        ("tslp-tslpr", "mediator_class", "cytokin", "unknown word 'cytokin'; did you mean 'cytokine'?"),
        ("tslp-tslpr", "source_cell", "keratinocite", "did you mean 'keratinocyte'?"),
        ("tslp-tslpr", "receptor_mouse", "Crlf22+Il7r", "'Crlf22' is no mouse gene"),
        ("tslp-tslpr", "ligand_human", "CRLF2+IL7R", "is paired with itself"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_named_by_line_and_column(planted, row, column, value, message):
    path, line = planted(row, column, value)
    faults = [fault for fault in validate(extended=path).faults if fault.line == line]
    assert any(message in fault.message for fault in faults), faults
    assert all(str(fault).startswith(f"pairs_extended.tsv: line {line} ({row})") for fault in faults)


def test_a_pair_of_the_review_and_a_pair_that_stands_twice_are_named(planted):
    path, _ = planted("tslp-tslpr", "ligand_human", "IL5")
    table = read_extended(path)
    table.loc[table["id"] == "tslp-tslpr", "receptor_human"] = "CSF2RB+IL5RA"
    table.loc[table["id"] == "osm-osmr", ["ligand_human", "receptor_human"]] = ["IL31", "OSMR+IL31RA"]
    table.to_csv(path, sep="\t", index=False)
    found = {fault.row: fault.message for fault in validate(extended=path).faults}
    assert "the review names" in found["tslp-tslpr"]
    assert "stands already in line" in found["osm-osmr"]


def test_reading_a_faulty_table_is_refused_with_the_place(planted):
    path, line = planted("tslp-tslpr", "effect", "bad")
    with pytest.raises(DataError, match=rf"pairs_extended\.tsv: line {line} .*column effect: unknown word 'bad'"):
        catalog.extended(path)
    with pytest.raises(DataError, match="no such table of pairs"):
        catalog.extended(path.with_name("absent.tsv"))
