"""Gene names: today's symbols, former ones, Ensembl ids, counterparts."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from dolor.core.errors import UsageError
from dolor.core.package_files import signature_path
from dolor.knowledge import genes


def test_each_kind_of_name_gets_its_status():
    found = genes.resolve(["Sting1", "Tmem173", "ENSMUSG00000024349", "ENSMUSG00000024349.7", "Nope1", "IL6R"], "mouse")
    assert found["status"].tolist() == ["current", "alias", "ensembl", "ensembl", "unknown", "unknown"]
    assert found["symbol"].tolist() == ["Sting1", "Sting1", "Sting1", "Sting1", "", ""]


@pytest.mark.parametrize(
    ("old", "new"),
    [("TMEM173", "STING1"), ("IL8", "CXCL8"), ("TMEM16F", "ANO6"), ("C1orf86", "FAAP20"), ("ICOSL", "ICOSLG")],
)
def test_former_human_symbols(old, new):
    assert genes.resolve([old], "human").loc[0, ["symbol", "status"]].tolist() == [new, "alias"]


def test_an_ambiguous_name_is_never_resolved():
    # MDC was the symbol of ADAM11 and is a synonym of CCL22.
    row = genes.resolve(["MDC"], "human").loc[0]
    assert (row["symbol"], row["status"]) == ("", "ambiguous")
    assert {"ADAM11", "CCL22"} <= set(row["candidates"].split(";"))
    assert not genes.is_known("MDC", "human")


@pytest.mark.parametrize("organism", ["mouse", "human"])
def test_a_current_symbol_is_nobodys_alias(organism):
    table = genes._genes(organism)
    assert not table.current & table.by_alias.keys()


@pytest.mark.parametrize("name", ["NA", "NO", "TRUE", "1E5", "", "3.1", "nan", "a" * 10_000, "=cmd()"])
def test_odd_names_are_text(name):
    found = genes.resolve([name], "human")
    assert found.loc[0, "input"] == name
    assert found.loc[0, "status"] == "unknown" or found.loc[0, "candidates"]


def test_duplicates_and_order_are_kept():
    names = ["Actb", "Nope1", "Actb"]
    assert genes.resolve(names, "mouse")["input"].tolist() == names
    assert genes.resolve([], "mouse").columns.tolist() == ["input", "symbol", "status", "candidates"]


@pytest.mark.parametrize(
    ("mouse", "human"),
    [("Il6ra", "IL6R"), ("Icosl", "ICOSLG"), ("Il4ra", "IL4R"), ("Tmem173", "STING1"), ("Csf1r", "CSF1R")],
)
def test_counterparts_both_ways(mouse, human):
    there = genes.to_human([mouse]).loc[0]
    assert (there["human"], there["mapping"]) == (human, "one_to_one")
    back = genes.to_mouse([human]).loc[0]
    assert back["mouse"] == there["mouse"]


def test_several_counterparts_are_all_given_and_flagged():
    drb1 = genes.to_mouse(["HLA-DRB1"])
    assert len(drb1) > 1
    assert set(drb1["mapping"]) <= {"one_to_many", "many_to_many"}
    back = genes.to_human(drb1["mouse"])
    assert "HLA-DRB1" in set(back["human"])


@pytest.mark.parametrize("symbol", ["Ccl2", "Ccl3", "Calca", "Cxcl1"])
def test_the_counterpart_of_the_same_name_comes_first(symbol):
    found = genes.to_human([symbol])
    assert len(found) > 1
    assert found.loc[0, "human"] == symbol.upper()


def test_the_ortholog_table_says_its_own_mapping_and_speaks_todays_names():
    table = pd.read_csv(signature_path("orthologs.tsv"), sep="\t", dtype=str, keep_default_na=False)
    assert not table.duplicated(["human", "mouse"]).any()
    single = table[table["mapping"] == "one_to_one"]
    assert single["human"].is_unique
    assert single["mouse"].is_unique
    assert set(table["human"]) <= genes._genes("human").current
    assert set(table["mouse"]) <= genes._genes("mouse").current
    assert len(single) > 16_000


@pytest.mark.parametrize("organism", ["mouse", "human"])
def test_sex_genes_are_current_symbols(organism):
    names = [name for side in genes.SEX_GENES[organism] for name in side]
    assert set(genes.resolve(names, organism)["status"]) == {"current"}


def test_organism_is_told_from_names():
    mouse = ["Xist", "Ddx3y", "Actb", "P2ry12"]
    assert genes.detect_organism(mouse) == ("mouse", 1.0)
    assert genes.detect_organism([name.upper() for name in mouse]) == ("human", 1.0)
    assert genes.detect_organism(["ENSG00000141510.18", "control_1"]) == ("human", 0.5)
    assert genes.detect_organism(["XIST", "TP53", "Xist", "Trp53"]) == (None, 0.0)
    assert genes.detect_organism(["gene_1", "gene_2"]) == (None, 0.0)
    assert genes.detect_organism([]) == (None, 0.0)


def test_unknown_organism_is_refused():
    with pytest.raises(UsageError, match="'rat' is not known here; use 'mouse' or 'human'"):
        genes.resolve(["Actb"], "rat")


def test_a_whole_matrix_resolves_quickly():
    names = sorted(genes._genes("mouse").current)[:40_000]
    start = time.process_time()
    found = genes.resolve(names, "mouse")
    assert time.process_time() - start < 2
    assert (found["status"] == "current").all()


def test_real_matrices_are_recognised(data_dir):
    import h5py

    for name, organism in [
        ("kang2018_pbmc_ifnb", "human"),
        ("tms_liver", "mouse"),
        ("yu2024_human_drg_xenium", "human"),
    ]:
        with h5py.File(data_dir / f"{name}.h5ad") as file:
            var = file["var"]
            names = [value.decode() for value in var[var.attrs["_index"]][:]]
        found, share = genes.detect_organism(names)
        assert found == organism
        assert share > 0.5
