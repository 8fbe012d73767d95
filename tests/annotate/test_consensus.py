"""A piece of a larger cluster keeps its class unless another class has clearly more for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dolor.annotate.consensus import candidates, name_clusters
from dolor.knowledge import populations

MARKERS = 8


def _paths(believed: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Name three clusters: all markers of B cells, three of those of T cells, all of those of T cells."""
    signs = pd.DataFrame(np.kron(np.eye(2, dtype=np.int8), np.ones(MARKERS, dtype=np.int8)), ["b_cell", "t_cell"])
    levels = np.full((3, 2 * MARKERS), 0.01)
    levels[0, :MARKERS] = levels[1, MARKERS : MARKERS + 3] = levels[2, MARKERS:] = 10.0
    who = candidates(populations.tree(), "drg")
    found = name_clusters(levels, signs, who, 0.5, library=5000, sizes=np.array([30, 30, 300]), believed=believed)
    return [verdict.path for verdict in found]


def test_a_piece_with_few_markers_keeps_the_class_it_was_cut_from() -> None:
    assert _paths()[1] == ()
    assert _paths(("", "t_cell", ""))[1] == ("immune", "t_cell")


def test_a_piece_with_all_markers_of_another_class_leaves() -> None:
    assert _paths(("t_cell", "", ""))[0] == ("immune", "b_cell")
