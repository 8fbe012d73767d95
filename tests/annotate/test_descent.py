"""The walk down the tree goes as far as the evidence carries, and no further."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dolor.annotate.assign import descend

CHILDREN = {"immune": ["macrophage", "t_cell"], "t_cell": ["cd4", "cd8"], "neuron": []}
ROOTS = ["immune", "neuron"]


@pytest.mark.parametrize(
    ("evidence", "path"),
    [
        ({"t_cell": 8, "cd4": 9, "cd8": 2, "macrophage": 0, "neuron": 0}, ("immune", "t_cell", "cd4")),
        # CD4 and CD8 cannot be told apart: the parent's name.
        ({"t_cell": 8, "cd4": 5, "cd8": 5, "macrophage": 0, "neuron": 0}, ("immune", "t_cell")),
        # A T cell or a macrophage: immune at any rate.
        ({"t_cell": 6, "macrophage": 6, "neuron": 0}, ("immune",)),
        # Nothing speaks loudly enough.
        ({"t_cell": 0.9, "macrophage": -1, "neuron": -3}, ()),
        # A panel without markers of the rest.
        ({"neuron": 7.0, "macrophage": float("nan")}, ("neuron",)),
        ({}, ()),
    ],
)
def test_depth(evidence: Mapping[str, float], path: tuple[str, ...]) -> None:
    assert descend(evidence, CHILDREN, ROOTS, 0.6).path == path


def test_the_rival_is_named() -> None:
    verdict = descend({"t_cell": 8, "cd4": 6, "cd8": 3, "macrophage": 0, "neuron": 0}, CHILDREN, ROOTS, 0.5)
    assert (verdict.path[-1], verdict.second_best) == ("cd4", "cd8")
    assert descend({"neuron": 0.5}, CHILDREN, ROOTS, 0.5).second_best == "neuron"


def test_a_walk_goes_on_from_where_another_ended() -> None:
    first = descend({"immune": 8.0, "neuron": 0.0}, {}, ROOTS, 0.5)
    evidence = {"macrophage": 1.5, "t_cell": 1.0}
    assert first.path == ("immune",)
    assert descend(evidence, CHILDREN, CHILDREN["immune"], 0.5, first).path == ("immune",)
    further = descend({"macrophage": 7.0, "t_cell": 0.0}, CHILDREN, CHILDREN["immune"], 0.5, first)
    assert further.path == ("immune", "macrophage")
    assert further.confidence < first.confidence


@given(
    st.fixed_dictionaries({name: st.floats(-5, 20) for name in ("macrophage", "t_cell", "cd4", "cd8", "neuron")}),
    st.floats(0.1, 0.9),
)
def test_more_caution_never_goes_deeper(evidence: dict[str, float], caution: float) -> None:
    bold, careful = (descend(evidence, CHILDREN, ROOTS, limit) for limit in (caution, min(1.0, caution + 0.1)))
    assert careful.path == bold.path[: len(careful.path)]
    assert 0 <= bold.confidence <= 1
    assert not bold.path or bold.confidence >= caution
