"""Each rule of the catalog by itself: which cells of a row it faults, in which words, and which rows it lets pass."""

from __future__ import annotations

import pandas as pd
import pytest

from dolor.core.errors import DataError
from dolor.knowledge.catalog_rules import Fault, check, pair_faults, row_faults, table_faults
from dolor.knowledge.vocabulary import COLUMNS, nearest, words

SOUND = dict.fromkeys(COLUMNS, "") | {
    "id": "ccl2-drg", "kind": "ligand_receptor", "mediator": "CCL2", "mediator_class": "chemokine",
    "ligand_mouse": "Ccl2", "ligand_human": "CCL2", "receptor_mouse": "Ccr2", "receptor_human": "CCR2",
    "receptor_source": "review", "source_cell": "macrophage", "target_cell": "nociceptor", "compartment": "drg;nerve",
    "pain_type": "neuropathic", "context": "nerve_injury; early", "effect": "pro", "sex": "both", "species": "mouse",
    "statement": "CCL2 excites nociceptors.", "locator": "P1.1", "references": "1", "readout": "pair",
    "source_compartment": "drg;nerve", "target_compartment": "drg",
}  # fmt: skip
NO_RECEPTOR = {"receptor_mouse": "", "receptor_human": "", "receptor_source": ""}
NO_LIGAND = {"ligand_mouse": "", "ligand_human": ""}


def table(*changes: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame([{**SOUND, **change} for change in changes], columns=list(COLUMNS))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"kind": "pathway"},
        {"kind": "pathway", **NO_RECEPTOR},
        {"kind": "pathway", **NO_LIGAND},
        {"kind": "receptor_only", **NO_LIGAND},
        {"kind": "cell_only", **NO_LIGAND, **NO_RECEPTOR},
        {"ligand_proxy": "enzyme"},
        {"compartment": "not_stated"},
    ],
)
def test_what_is_sound_has_no_fault(change: dict[str, str]) -> None:
    assert list(row_faults(table(change))) == []
    check(table(change), "mediators.tsv")


NEEDS_BOTH = "ligand_receptor needs genes for both; otherwise the row is receptor_only or pathway"
NEEDS_RECEPTOR = "receptor_only needs a receptor gene and no ligand gene"
ONE_SIDE = "empty although the other species has genes"
SOURCE = "says where the receptor genes are from: given exactly where there are such genes"


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"id": " "}, {"id": "must not be empty"}),
        ({"mediator": ""}, {"mediator": "must not be empty"}),
        ({"statement": " "}, {"statement": "must not be empty"}),
        ({"ligand_mouse": ""}, {"ligand_mouse": ONE_SIDE}),
        ({"ligand_human": "", "kind": "pathway"}, {"ligand_human": ONE_SIDE}),
        ({"receptor_mouse": ""}, {"receptor_mouse": ONE_SIDE}),
        ({**NO_RECEPTOR}, {"kind": NEEDS_BOTH}),
        ({**NO_LIGAND}, {"kind": NEEDS_BOTH}),
        ({"kind": "receptor_only"}, {"kind": NEEDS_RECEPTOR}),
        ({"kind": "receptor_only", **NO_LIGAND, **NO_RECEPTOR}, {"kind": NEEDS_RECEPTOR}),
        ({"kind": "cell_only", **NO_LIGAND}, {"kind": "cell_only names no gene"}),
        ({"kind": "cell_only", **NO_RECEPTOR}, {"kind": "cell_only names no gene"}),
        ({"receptor_source": ""}, {"receptor_source": SOURCE}),
        ({"kind": "pathway", **NO_RECEPTOR, "receptor_source": "review"}, {"receptor_source": SOURCE}),
        (
            {"kind": "pathway", **NO_LIGAND, "ligand_proxy": "enzyme"},
            {"ligand_proxy": "given although there is no ligand gene"},
        ),
        ({"compartment": "drg;nerv"}, {"compartment": "unknown word 'nerv'; did you mean 'nerve'?"}),
        ({"pain_type": ""}, {"pain_type": "must not be empty; write not_stated"}),
        ({"sex": "female"}, {"sex": "unknown word 'female'; did you mean 'female_only'?"}),
        ({"effect": ""}, {"effect": "unknown word ''; known: pro, anti, dual, homeostatic, none, not_evaluated"}),
        ({"readout": "abundence"}, {"readout": "unknown word 'abundence'; did you mean 'abundance'?"}),
        ({"source_compartment": "drgs"}, {"source_compartment": "unknown word 'drgs'; did you mean 'drg'?"}),
        ({"target_compartment": ""}, {"target_compartment": "must not be empty; write not_stated"}),
        ({"effect": "pro;anti"}, {"effect": "unknown word 'pro;anti'; did you mean 'anti'?"}),
        (
            {"ligand_mouse": "Ccl2+"},
            {"ligand_mouse": "gene expression 'Ccl2+': a subunit is empty; write A+B (both) or A|B (either)"},
        ),
        ({"receptor_human": "CCL2"}, {"receptor_human": "'CCL2' is paired with itself"}),
    ],
)
def test_a_fault_is_said_once_in_its_own_column(change: dict[str, str], faults: dict[str, str]) -> None:
    found = list(row_faults(table({}, change)))
    assert [(fault.line, fault.row) for fault in found] == [(3, change.get("id", "ccl2-drg"))] * len(faults)
    assert {fault.column: fault.message for fault in found} == faults


@pytest.mark.parametrize("column", ["source_cell", "target_cell", "locator"])
def test_lists_that_must_name_something(column: str) -> None:
    found = [(fault.column, fault.message) for fault in row_faults(table({column: ""}))]
    assert found == [(column, "must not be empty")]


def test_rows_are_held_against_each_other() -> None:
    other = {"id": "other", "statement": "CCL2 excites them, said otherwise."}
    again = {"id": "ccl2-drg", "effect": "anti"}
    swapped = {
        "id": "swapped", "ligand_human": "CCR2", "receptor_human": "CCL2", "ligand_mouse": "X", "receptor_mouse": "Y"
    }  # fmt: skip
    found = [str(fault) for fault in table_faults(table({}, other, again, {"id": "nerve", "compartment": "nerve"}))]
    assert found == [
        "line 3 (other), column statement: a duplicate of line 2: every column that tells rows apart is equal",
        "line 4 (ccl2-drg), column id: the id stands already in line 2",
    ]
    one_side = {"id": "one side", "kind": "pathway", "ligand_human": "", "receptor_human": "CCL2"}
    assert list(table_faults(table({"receptor_human": "", "kind": "pathway"}, one_side))) == []
    found = [str(fault) for fault in table_faults(table({}, swapped))]
    assert found == [
        "line 2 (ccl2-drg), column ligand_human: ligand and receptor are swapped against line 3: 'CCL2'",
        "line 3 (swapped), column ligand_human: ligand and receptor are swapped against line 2: 'CCR2'",
    ]


def test_the_first_fault_is_raised_and_the_others_are_counted() -> None:
    with pytest.raises(DataError) as one:
        check(table({"sex": "female"}), "own.tsv")
    assert str(one.value) == (
        "own.tsv: line 2 (ccl2-drg), column sex: unknown word 'female'; did you mean 'female_only'?"
    )
    with pytest.raises(DataError, match=r"^own\.tsv: line 2 .*column effect: .* \(faults beside this one: 2\)$"):
        check(table({"sex": "female", "effect": "good"}, {}), "own.tsv")
    with pytest.raises(DataError, match=r" \(faults beside this one: 1\)$"):
        check(table({"sex": "female", "effect": "good"}), "own.tsv")
    assert str(Fault(5, "", "id", "is odd")) == "line 5, column id: is odd"


@pytest.mark.parametrize(
    ("ligand", "receptor", "faults"),
    [
        ("IL6", "IL6R+IL6ST", []),
        ("", "CCR2", []),
        ("CCL2", "", []),
        ("ITGAV", "CCL2", []),
        ("CCR2", "ITGAV", []),
        ("IL6ST+LIFR", "LIFR+IL6ST", [("receptor", "'LIFR+IL6ST' is paired with itself")]),
        ("A+", "C", [
            ("ligand", "gene expression 'A+': a subunit is empty; write A+B (both) or A|B (either)")
        ]),
        ("CCR2+ITGAV", "ITGB1|CCL2", [
            ("ligand", "'CCR2+ITGAV' is a receptor and 'ITGB1|CCL2' a messenger: ligand and receptor look swapped")
        ]),
    ],
)  # fmt: skip
def test_pairs_by_themselves(ligand: str, receptor: str, faults: list[tuple[str, str]]) -> None:
    assert list(pair_faults(ligand, receptor)) == faults


def test_both_sides_of_a_pair_are_faulted() -> None:
    assert [side for side, _ in pair_faults("A+", "B+")] == ["ligand", "receptor"]


def test_words_and_the_nearest_of_them() -> None:
    assert words("drg; nerve ;skin") == ["drg", "nerve", "skin"]
    assert words("a;;b") == ["a", "", "b"]
    assert words("") == words("  ") == []
    assert nearest("neuropatic", ["", "neuropathic", "neuropathies"]) == "did you mean 'neuropathic'?"
    assert nearest("xyz", ["pro", "", "anti"]) == "known: pro, anti"
