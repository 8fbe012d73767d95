"""Why an interaction cannot be compared between two cell types, one reason each."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dolor.contrasts.permutation import eligibility_of
from dolor.core.errors import DataError

sys.path.insert(0, str(Path(__file__).parent))
from supplies import supply

PRESENT = np.full((2, 2), 5)


def reasons(detection: list[list[float]], least: float = 0.1, missing: dict[str, str] | None = None) -> list[str]:
    """Give the reason of each sender and receiver (t0 to t0, t0 to t1, ...) for one pair, a to b."""
    made = supply(np.zeros((2, 2, 2)), PRESENT, detection=np.array(detection), missing_genes=missing or {})
    found = eligibility_of(made, ["a"], ["b"], least)
    return [found.reasons[code] for code in found.code[:, :, 0].ravel()]


LIGAND, RECEPTOR = (f"{side} detected in less than 0.1 of the cells" for side in ("ligand", "receptor"))


def test_sender_must_detect_the_ligand_and_receiver_the_receptor() -> None:
    assert reasons([[0.5, 0.5], [0.5, 0.5]]) == ["", "", "", ""]
    assert reasons([[0.5, 0.0], [0.0, 0.5]]) == [RECEPTOR, "", RECEPTOR, LIGAND]


def test_a_share_at_the_limit_is_enough_and_none_never_is() -> None:
    assert reasons([[0.1, 0.1], [0.099, 0.1]]) == ["", "", LIGAND, LIGAND]
    nothing = "ligand detected in less than 0 of the cells"
    assert reasons([[0.0, 0.2], [0.001, 0.2]], least=0.0) == [nothing, nothing, "", ""]


def test_a_gene_that_was_not_measured_goes_before_all_and_the_ligand_before_the_receptor() -> None:
    only = reasons([[0.0, 0.0], [0.0, 0.0]], missing={"b": "Ccr2"})
    assert only == ["receptor not measured: Ccr2"] * 4
    both = reasons([[0.5, 0.5], [0.5, 0.5]], missing={"a": "Ccl2", "b": "Ccr2"})
    assert both == ["ligand not measured: Ccl2"] * 4


def test_interactions_are_judged_each_by_itself_and_share_their_reasons() -> None:
    made = supply(
        np.zeros((2, 2, 4)), PRESENT, detection=np.array([[1, 1, 0, 1], [1, 1, 0, 1]]), missing_genes={"d": "Il6"}
    )
    found = eligibility_of(made, ["a", "c", "d", "d"], ["b", "b", "b", "a"], 0.05)
    assert [found.reasons[code] for code in found.code[0, 1]] == [
        "", "ligand detected in less than 0.05 of the cells", *["ligand not measured: Il6"] * 2
    ]  # fmt: skip
    assert found.reasons[0] == ""
    assert len(found.reasons) == len(set(found.reasons)) == 4


def test_no_interactions_are_refused() -> None:
    with pytest.raises(DataError, match="^there are no interactions to compare: the table of"):
        eligibility_of(supply(np.zeros((2, 2, 2)), PRESENT), [], [], 0.1)
