import pandas as pd
import pytest

from dolor.core.errors import DataError
from dolor.knowledge import catalog, gene_logic
from dolor.knowledge.discovery import from_resource


def test_liana_gets_complexes_with_underscores_and_a_row_an_alternative():
    exported = catalog.to_liana(catalog.interactions("mouse"))
    gas6 = exported[exported["interaction_id"] == "GAS6:AXL|MERTK|TYRO3"]
    assert gas6["receptor"].tolist() == ["Axl", "Mertk", "Tyro3"]
    assert "Il1r1_Il1rap" in set(exported["receptor"])
    assert not exported[["ligand", "receptor"]].map(lambda name: set("+|") & set(name)).any(axis=None)


def test_what_liana_is_given_reads_back():
    pairs = catalog.interactions("human")
    back = from_resource(catalog.to_liana(pairs), "human")
    wanted = {
        f"{gene_logic.format([ligand])}:{gene_logic.format([receptor])}"
        for pair in pairs.itertuples()
        for ligand in gene_logic.parse(pair.ligand)
        for receptor in gene_logic.parse(pair.receptor)
    }
    assert set(back["interaction_id"]) == wanted


@pytest.fixture
def database(reference_dir):
    return reference_dir / "cellphonedb" / "database"


def test_cellphonedb_gets_accessions_of_its_own_database(database):
    tables = catalog.to_cellphonedb(catalog.interactions("human"), database)
    known = set(pd.read_csv(database / "protein_input.csv", dtype=str)["uniprot"])
    interactions, complexes = tables["interaction_input"], tables["complex_input"]
    partners = set(interactions["partner_a"]) | set(interactions["partner_b"])
    assert partners <= known | set(complexes["complex_name"])
    subunits = complexes.filter(like="uniprot_").to_numpy().ravel()
    assert set(subunits) - {""} <= known
    assert {"partner_a", "partner_b", "source", "annotation_strategy"} <= set(interactions.columns)


def test_cellphonedb_own_pairs_are_met(database):
    """CSF1 with its receptor is a row of the database itself, with the same two accessions."""
    csf1 = catalog.interactions("human").query("interaction_id == 'CSF1:CSF1R'")
    row = catalog.to_cellphonedb(csf1, database)["interaction_input"].iloc[0]
    theirs = pd.read_csv(database / "interaction_input.csv", dtype=str)
    assert ((theirs["partner_a"] == row["partner_a"]) & (theirs["partner_b"] == row["partner_b"])).any()


def test_pairs_that_the_database_cannot_hold_are_named(database):
    tables = catalog.to_cellphonedb(catalog.interactions("human"), database)
    exported = len(catalog.to_liana(catalog.interactions("human")))
    assert len(tables["interaction_input"]) + len(tables["left_out"]) == exported
    assert set(tables["left_out"].columns) == {"interaction_id", "gene"}


def test_a_folder_that_is_no_database_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"gene_input\.csv: no such file; give the folder of a CellPhoneDB database"):
        catalog.to_cellphonedb(catalog.interactions("human"), tmp_path)
    (tmp_path / "gene_input.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"gene_input\.csv: no table of a CellPhoneDB database"):
        catalog.to_cellphonedb(catalog.interactions("human"), tmp_path)
