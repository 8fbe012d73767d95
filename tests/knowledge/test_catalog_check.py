"""The shipped catalog passes every rule, and each planted fault is named by line, row and column."""

import pytest

from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.knowledge import catalog, gene_logic
from dolor.knowledge.catalog_check import validate
from dolor.knowledge.catalog_rules import pair_faults
from dolor.knowledge.pairs import counterparts


@pytest.fixture
def planted(tmp_path):
    """Write the shipped catalog with one cell changed; give the file and the line of the change."""

    def plant(row, column, value):
        table = catalog.read_catalog()
        table.loc[table["id"] == row, column] = value
        path = tmp_path / "mediators.tsv"
        table.to_csv(path, sep="\t", index=False)
        return path, int(table.index[table["id"] == row][0]) + 2

    return plant


def test_the_shipped_catalog_has_no_fault():
    report = validate()
    assert report.ok, str(report)


def test_the_report_counts_every_row():
    report = validate()
    assert sum(report.counts["kind"].values()) == report.rows == len(catalog.mediators())
    assert sum(report.counts["sex"].values()) == report.rows
    assert set(report.counts) == {"kind", "pain_type", "compartment", "effect", "sex", "readout"}
    assert (
        str(report).splitlines()[0]
        == f"mediators.tsv: {report.rows} statements, {report.pairs} with ligand and receptor to score"
    )


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        ("il1b-dorsal-horn", "pain_type", "inflamatory", "unknown word 'inflamatory'; did you mean 'inflammatory'?"),
        ("il1b-dorsal-horn", "effect", "both", "unknown word 'both'; known: pro, anti"),
        ("il1b-dorsal-horn", "mediator_class", "cytokin", "unknown word 'cytokin'; did you mean 'cytokine'?"),
        ("il1b-dorsal-horn", "receptor_mouse", "Il1r1+", "a subunit is empty"),
        ("il1b-dorsal-horn", "receptor_human", "IL1R1_IL1RAP", "'IL1R1_IL1RAP' is no gene symbol; join genes with '+'"),
        ("il1b-dorsal-horn", "receptor_human", "IL1B", "is paired with itself"),
        ("il1b-dorsal-horn", "ligand_human", "IL1BB", "'IL1BB' is no human gene"),
        ("sting-nociceptor", "receptor_mouse", "Tmem173", "'Tmem173' is not the current mouse symbol; write Sting1"),
        ("il1b-dorsal-horn", "locator", "P11.22", "the review has no sentence 'P11.22'"),
        ("il1b-dorsal-horn", "locator", "11.6", "the review has no sentence '11.6'"),
        ("il1b-dorsal-horn", "ligand_mouse", "", "empty although the other species has genes"),
        ("il1b-dorsal-horn", "receptor_source", "", "says where the receptor genes are from"),
        ("il1b-dorsal-horn", "kind", "cell_only", "cell_only names no gene"),
        ("nk-nerve-injury", "kind", "receptor_only", "needs a receptor gene"),
        ("nk-nerve-injury", "ligand_proxy", "enzyme", "although there is no ligand gene"),
        ("nk-nerve-injury", "source_cell", "natural_killer", "unknown population 'natural_killer'"),
    ],
)
def test_a_planted_fault_is_named_by_line_row_and_column(planted, row, column, value, message):
    path, line = planted(row, column, value)
    report = validate(path)
    named = [fault for fault in report.faults if (fault.line, fault.row, fault.column) == (line, row, column)]
    assert len(named) == 1
    assert message in named[0].message
    assert f"line {line} ({row}), column {column}" in str(report)


def test_the_genes_of_the_two_species_are_counterparts():
    for row in catalog.mediators().itertuples():
        for human, mouse in ((row.ligand_human, row.ligand_mouse), (row.receptor_human, row.receptor_mouse)):
            found = counterparts([human], "mouse")
            own = set(gene_logic.genes(mouse))
            assert own <= {gene for others in found.values() for gene in others}, row.id
            assert all(own & set(others) for others in found.values() if len(others) == 1), row.id


def swap(table, row):
    for organism in ("mouse", "human"):
        columns = [f"ligand_{organism}", f"receptor_{organism}"]
        table.loc[table["id"] == row, columns] = table.loc[table["id"] == row, columns[::-1]].to_numpy()


@pytest.mark.parametrize("row", ["ngf-skin-tonic", "il6-dorsal-horn", "gas6-schwann-repair", "no-drg-osteoarthritis"])
def test_a_swapped_ligand_and_receptor_are_found(tmp_path, row):
    table = catalog.read_catalog()
    swap(table, row)
    table.to_csv(tmp_path / "swapped.tsv", sep="\t", index=False)
    faults = validate(tmp_path / "swapped.tsv").faults
    assert {(fault.row, fault.column) for fault in faults} >= {(row, "ligand_human"), (row, "ligand_mouse")}
    assert all("swapped" in fault.message for fault in faults)


def test_the_two_sides_of_every_shipped_pair_can_be_told_apart():
    """A swap of any pair would be found, not only of those tried above; CD47 alone is also a ligand (of SIRPA)."""
    for pair in catalog.interactions("human").itertuples():
        found = [message for _, message in pair_faults(pair.receptor, pair.ligand)]
        assert any("swapped" in message for message in found) or pair.interaction_id == "THBS1:CD47"


def test_duplicates_are_named(tmp_path):
    text = signature_path("mediators.tsv").read_text(encoding="utf-8")
    last = text.splitlines()[-1]
    (tmp_path / "twice.tsv").write_text(f"{text}{last}\n", encoding="utf-8")
    faults = validate(tmp_path / "twice.tsv").faults
    assert [fault.column for fault in faults] == ["id", "statement"]
    assert f"line {len(text.splitlines())}" in faults[1].message


def test_loading_a_faulty_catalog_is_refused_with_the_place(planted):
    path, line = planted("il1b-dorsal-horn", "sex", "femal_only")
    with pytest.raises(DataError, match=rf"mediators\.tsv: line {line} .*column sex: .*did you mean 'female_only'"):
        catalog.mediators(path=path)
