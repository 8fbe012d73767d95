import sys

import pandas as pd
import pytest

from dolor.core.errors import DataError, MissingExtra, UsageError
from dolor.knowledge import catalog, gene_logic
from dolor.knowledge.discovery import MERGED_LIGANDS, from_resource


def resource(*pairs):
    return pd.DataFrame(pairs, columns=["ligand", "receptor"])


# As LIANA's consensus has them: true complexes, and two ligands that act alone written as one.
CONSENSUS = resource(
    ("CSF1_IL34", "CSF1R"), ("IL17A_IL17F", "IL17RA_IL17RC"), ("IL12A_IL12B", "IL12RB1_IL12RB2"), ("CCL2", "CCR2")
)


def test_ligands_that_act_alone_become_alternatives_and_true_complexes_stay():
    human = from_resource(CONSENSUS, "human").set_index("interaction_id")
    assert set(human["ligand"]) == {"CSF1|IL34", "IL17A|IL17F", "IL12A+IL12B", "CCL2"}
    assert human.loc["CSF1|IL34:CSF1R", "receptor"] == "CSF1R"


def test_a_cell_with_csf1_alone_can_send_it():
    """The trap itself: as a complex the ligand is the least of its subunits, hence zero where IL34 is absent."""
    expression = {"Csf1": 3.0, "Il34": 0.0}
    ligand = from_resource(CONSENSUS, "mouse").loc[0, "ligand"]
    assert max(min(expression[gene] for gene in subunits) for subunits in gene_logic.parse(ligand)) == 3.0


def test_mouse_symbols_come_by_orthology_and_ids_stay_human():
    mouse, human = from_resource(CONSENSUS, "mouse"), from_resource(CONSENSUS, "human")
    assert mouse["interaction_id"].tolist() == human["interaction_id"].tolist()
    assert mouse.loc[1, ["ligand", "receptor"]].tolist() == ["Il17a|Il17f", "Il17ra+Il17rc"]
    assert tuple(mouse.columns) == catalog.INTERACTION_COLUMNS


def test_pairs_without_a_mouse_gene_are_left_out_and_named():
    mouse = from_resource(resource(("CXCL8", "CXCR2"), ("CCL2", "CCR2")), "mouse")
    assert mouse["interaction_id"].tolist() == ["CCL2:CCR2"]
    assert mouse.attrs["dropped"] == ("CXCL8:CXCR2",)


def test_human_genes_with_one_mouse_gene_are_one_pair_and_named():
    mouse = from_resource(resource(("XCL1", "XCR1"), ("XCL2", "XCR1"), ("CEACAM1", "CEACAM6")), "mouse")
    assert mouse[["interaction_id", "ligand"]].to_numpy().tolist() == [["XCL1:XCR1", "Xcl1"]]
    assert mouse.attrs["merged"] == ("XCL2:XCR1",)
    assert mouse.attrs["dropped"] == ("CEACAM1:CEACAM6",)


def test_a_table_without_the_two_columns_is_refused():
    with pytest.raises(DataError, match="no column 'receptor'; it has ligand, target"):
        from_resource(pd.DataFrame(columns=["ligand", "target"]))


def test_without_liana_the_extra_that_brings_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "liana", None)
    monkeypatch.setitem(sys.modules, "liana.resource", None)
    with pytest.raises(MissingExtra, match=r"pip install 'dolor\[discovery\]'"):
        catalog.discovery()


def test_an_unknown_organism_is_refused():
    with pytest.raises(UsageError, match="organism 'rat'"):
        catalog.discovery(organism="rat")


class TestInstalledLiana:
    """Against the resources that the installed LIANA really has."""

    @pytest.fixture(autouse=True)
    def _needs_liana(self):
        pytest.importorskip("liana", reason="needs the extra 'discovery'", exc_type=ImportError)

    @pytest.mark.filterwarnings("ignore")
    def test_consensus_still_has_the_trap_and_it_is_handled(self):
        from liana.resource import select_resource

        assert set(MERGED_LIGANDS) <= set(select_resource("consensus")["ligand"])
        pairs = catalog.discovery("consensus", "mouse").set_index("interaction_id")
        assert pairs.loc["CSF1|IL34:CSF1R", "ligand"] == "Csf1|Il34"
        assert pairs.loc["IL17A|IL17F:IL17RA+IL17RC", "ligand"] == "Il17a|Il17f"

    @pytest.mark.filterwarnings("ignore")
    def test_every_human_resource_can_be_read(self):
        from liana.resource import show_resources

        for name in set(show_resources()) - {"mouseconsensus"}:
            assert len(catalog.discovery(name, "human")) > 100, name

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("organism", ["human", "mouse"])
    def test_what_is_exported_comes_back_as_own_pairs(self, organism, tmp_path):
        """FCER2 and integrins, or NTRK3 and PTPRF, are receptors on both sides: no pair of them is swapped."""
        pairs = catalog.discovery("consensus", organism).replace("TDGF1", "CRIPTO", regex=True)  # its name of today
        pairs.to_csv(tmp_path / "pairs.tsv", sep="\t", index=False)
        own = catalog.interactions(organism, pairs=tmp_path / "pairs.tsv", merge=False)
        assert own[["ligand", "receptor"]].to_numpy().tolist() == pairs[["ligand", "receptor"]].to_numpy().tolist()
        turned = pairs.rename(columns={"ligand": "receptor", "receptor": "ligand"})
        turned[turned["ligand"] == ("IL6R+IL6ST" if organism == "human" else "Il6ra+Il6st")].to_csv(
            tmp_path / "turned.tsv", sep="\t", index=False
        )
        with pytest.raises(DataError, match="ligand and receptor look swapped"):
            catalog.interactions(organism, pairs=tmp_path / "turned.tsv", merge=False)

    @pytest.mark.filterwarnings("ignore")
    def test_unknown_and_mouse_resources_are_refused(self):
        with pytest.raises(UsageError, match=r"no resource 'consensu'; did you mean 'consensus'"):
            catalog.discovery("consensu")
        with pytest.raises(UsageError, match="resource='consensus', organism='mouse'"):
            catalog.discovery("mouseconsensus")
