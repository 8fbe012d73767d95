"""A few cells of a rare population that have no cluster of their own, found by its rare markers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import poisson

# A rare population shows itself by so many of its markers in a cell, each rare among the cells around.
_FEWEST_MARKERS, _RARE = 3, 0.05
_FEWEST_RARE_CELLS = 5
# Cells that are looked at together: each costs a row of cells × groups.
_BLOCK = 65_536
# So many cells may show that many of the markers by chance, among all.
_BY_CHANCE = 2.0


def rare_candidates(detected: sparse.csr_matrix, marks: pd.DataFrame, known: Sequence[str]) -> NDArray[np.object_]:
    """Find cells that carry several markers of a population that no cluster was named after.

    Parameters
    ----------
    detected
        Cells × marker genes: 1 where a gene is detected.
    marks
        Classes × marker genes: whether a gene marks the class and no more than one other.
    known
        Classes after which clusters were named already.

    Returns
    -------
    The class of each such cell, where there are enough of them; an empty text for the others.
    """
    around = np.asarray(detected.mean(axis=0)).ravel()
    candidates = [name for name in marks.index if name not in set(known)]
    result = np.full(detected.shape[0], "", dtype=object)
    if not candidates:
        return result
    rare = marks.loc[candidates].to_numpy() & (around < _RARE)[None, :]
    # By chance a cell of many genes shows some marker of everybody: expect as many as its share of all detections.
    n_shown = np.asarray(detected.sum(axis=1), dtype=float).ravel()
    share, by_chance = n_shown / max(float(n_shown.mean()), 1.0), (rare * around).sum(axis=1)
    best, stands_out = np.empty(len(share), dtype=np.intp), np.empty(len(share), dtype=bool)
    for start in range(0, len(share), _BLOCK):
        block = slice(start, start + _BLOCK)
        shown = np.asarray((detected[block] @ sparse.csr_matrix(rare.T.astype(float))).todense())
        chance = np.asarray(poisson.sf(shown - 1, np.outer(share[block], by_chance)))
        best[block] = chance.argmin(axis=1)
        rows = np.arange(len(chance))
        enough = shown[rows, best[block]] >= _FEWEST_MARKERS
        stands_out[block] = enough & (chance[rows, best[block]] < _BY_CHANCE / len(share))
    for number, name in enumerate(candidates):
        cells = np.flatnonzero(stands_out & (best == number))
        if len(cells) >= _FEWEST_RARE_CELLS:
            result[cells] = name
    return result
