"""Single cells that do not fit the name of their cluster: strays of a found population, and rare ones without one.

What a cell holds is compared with what the populations hold: a multinomial over the marker genes that it shows, so that
a shallow cell is no other than a deep one. A cell of two kinds (a doublet) fits neither well and stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import poisson

Array = NDArray[np.float64]

# Natural logarithm of the ratio of likelihoods above which a cell leaves the name of its cluster.
LEAVE = 6.0
# Detections that the overall profile is worth beside those of a population's own cells.
_SMOOTHING = 20.0
# A rare population shows itself by so many of its markers in a cell, each rare among the cells around.
_FEWEST_MARKERS, _RARE = 3, 0.05
_FEWEST_RARE_CELLS = 5
# Cells that are looked at together: each costs a row of cells × groups.
_BLOCK = 65_536
# So many cells may show that many of the markers by chance, among all.
_BY_CHANCE = 2.0


def profiles_of(detected: sparse.csr_matrix, groups: NDArray[np.int64], n_groups: int) -> Array:
    """Return which share of each group's detections falls on each gene.

    Parameters
    ----------
    detected
        Cells × marker genes: 1 where a gene is detected.
    groups
        The group of each cell; -1 for none.
    n_groups
        How many groups there are.

    Returns
    -------
    Groups × genes, each row summing to 1; small groups lean on the profile of all cells.
    """
    inside = np.flatnonzero(groups >= 0)
    members = sparse.csr_matrix((np.ones(len(inside)), (groups[inside], inside)), shape=(n_groups, len(groups)))
    sums = np.asarray((members @ detected).todense(), dtype=float)
    overall = np.asarray(detected.sum(axis=0), dtype=float).ravel() + 0.5
    sums += _SMOOTHING * overall / overall.sum()
    return np.asarray(sums / sums.sum(axis=1, keepdims=True))


def fit(detected: sparse.csr_matrix, profiles: Array) -> Array:
    """Return how well each cell fits each profile (cells × groups): log-likelihood of the genes that it shows."""
    return np.asarray(detected @ np.log(profiles).T)


def settle(
    detected: sparse.csr_matrix, own: NDArray[np.int64], n_groups: int, kinds: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Array]:
    """Give strays to the group that they fit.

    Parameters
    ----------
    detected
        Cells × marker genes: 1 where a gene is detected.
    own
        The group of each cell; -1 for cells without a name.
    n_groups
        How many groups there are.
    kinds
        The kind of each group, such as its class.

    Returns
    -------
    groups
        The group of each cell after the strays have moved. Cells without a name get none here.
    certainty
        For each cell from 0 to 1, how surely it is of the kind of its group and of no other; 1 without a name.
    """
    certainty = np.ones(len(own))
    named = np.flatnonzero(own >= 0)
    if n_groups < 2 or len(named) == 0:
        return own, certainty
    profiles, settled = profiles_of(detected, own, n_groups), own.copy()
    for start in range(0, len(named), _BLOCK):
        cells = named[start : start + _BLOCK]
        fits, rows = fit(detected[cells], profiles), np.arange(len(cells))
        best = fits.argmax(axis=1)
        moves = fits[rows, best] - fits[rows, own[cells]] > LEAVE
        settled[cells[moves]] = best[moves]
        others = np.where(kinds[None, :] == kinds[settled[cells]][:, None], -np.inf, fits).max(axis=1)
        lead = fits[rows, settled[cells]] - others
        certainty[cells] = 1 / (1 + np.exp(-np.clip(lead, -50, 50)))
    return settled, certainty


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
