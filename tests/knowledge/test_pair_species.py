"""Expressions carried from one species to the other: what becomes of genes with no, one or several counterparts."""

from __future__ import annotations

from dolor.knowledge.pairs import counterparts, translate

TABLE = {"A": ("a",), "B": ("b1", "b2"), "C": (), "D": ("a",)}


def test_several_counterparts_become_alternatives_and_none_takes_its_alternative_along() -> None:
    assert translate("A+B|C", TABLE) == "a+b1|a+b2"
    assert translate("B", TABLE) == "b1|b2"
    assert translate("A+C|B", TABLE) == "b1|b2"
    assert translate("C", TABLE) == translate("A+C", TABLE) == translate("unknown", TABLE) == translate("", TABLE) == ""


def test_genes_that_share_a_counterpart_name_it_once() -> None:
    assert translate("A+D", TABLE) == "a"
    assert translate("A|D", TABLE) == "a"
    assert translate("A+B|D+B", TABLE) == "a+b1|a+b2"


def test_counterparts_go_both_ways_and_list_every_gene_once() -> None:
    found = counterparts(["IL6R+IL6ST|IL6R", "CXCL8"], "mouse")
    assert found == {"IL6R": ("Il6ra",), "IL6ST": ("Il6st",), "CXCL8": ()}
    assert counterparts(["Il6ra"], "human") == {"Il6ra": ("IL6R",)}
    assert counterparts([], "mouse") == {}
    assert counterparts(["CCL2"], "mouse") == {"CCL2": ("Ccl2", "Ccl12")}
