"""Multinomial mixture over all informative genes: cells move to the population whose profile they fit best.

Markers name the clusters; few of them are detected in a single cell, and clusters have unsharp borders. The profiles of
the named clusters over thousands of genes tell nearly every cell apart, so that names are learnt from markers and cells
are assigned by all genes (classification expectation maximisation: profiles, assignment, profiles, …).

Each condition has profiles of its own, drawn to those of all conditions: a population that responds to a treatment
stays one population.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dolor.io.matrix.cell_rows import CellRows

__all__ = ["assign_by_profile"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

# How many typical cells the profile of all cells is worth beside the cells of a component, and the latter's profile
# beside those of its cells in one condition.
_SMOOTHING, _SMOOTHING_CONDITION = 1.0, 10.0
# Dispersion of counts, by which large ones are damped.
_DISPERSION = 0.1
# Rounds at most, and the share of cells that move below which the assignment has settled.
_ROUNDS, _SETTLED = 10, 0.002


def assign_by_profile(
    counts: CellRows, start: Numbers, n_components: int, conditions: Numbers | None = None
) -> tuple[Numbers, NDArray[np.float32]]:
    """Assign every cell to the component whose mean profile makes its counts likeliest.

    Parameters
    ----------
    counts
        Cells × informative genes, raw counts.
    start
        The component of each cell to begin with; -1 for none.
    n_components
        How many components there are.
    conditions
        The condition of each cell, from 0; none: all alike.

    Returns
    -------
    components
        The component of each cell; -1 for a cell without counts of these genes.
    fit
        Cells × components: log-likelihood of a cell's counts, up to a term that is the same for all components.

    Examples
    --------
    >>> from scipy import sparse
    >>> from dolor.io.matrix.cell_rows import RowsInMemory
    >>> counts = np.repeat([[9, 1, 1], [1, 1, 9]], 20, axis=0)
    >>> begin = np.repeat([0, 1], 20)
    >>> begin[0] = 1
    >>> assign_by_profile(RowsInMemory(sparse.csr_matrix(counts)), begin, 2)[0].tolist() == [0] * 20 + [1] * 20
    True
    """
    damped = counts.changed(lambda block, cells: _damped(block), counts.shape[1])
    components = np.asarray(start, dtype=np.int64).copy()
    condition = np.zeros(len(components), dtype=np.int64) if conditions is None else conditions
    shape = (int(condition.max(initial=0)) + 1, n_components, counts.shape[1])
    sums, depths = np.zeros(shape), np.zeros(counts.shape[0])
    for place, block in damped.blocks():
        depths[place] = np.asarray(block.sum(axis=1)).ravel()
        _add(sums, block, condition[place], components[place])
    depth = max(float(np.median(depths)), 1.0)
    fits = np.zeros((counts.shape[0], n_components), dtype=np.float32)
    for _ in range(_ROUNDS):
        logarithms, before, after = _log_profiles(sums, depth), components.copy(), np.zeros(shape)
        for place, block in damped.blocks():
            fits[place] = _fit(block, logarithms, condition[place])
            components[place] = np.where(depths[place] > 0, fits[place].argmax(axis=1), -1)
            _add(after, block, condition[place], components[place])
        sums = after
        if (components != before).mean() < _SETTLED:
            break
    return components, fits


def _damped(block: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return counts of which large ones count less: they vary more than a multinomial allows, reads above all."""
    damped = sparse.csr_matrix(block, dtype=np.float64, copy=True)
    damped.data = np.log1p(_DISPERSION * damped.data) / _DISPERSION
    return damped


def _add(sums: Array, block: sparse.csr_matrix, condition: Numbers, components: Numbers) -> None:
    """Add the cells of a block to the sums of their conditions and components."""
    inside = np.flatnonzero(components >= 0)
    group = condition[inside] * sums.shape[1] + components[inside]
    ones = np.ones(len(inside))
    members = sparse.csr_matrix((ones, (group, inside)), shape=(sums.shape[0] * sums.shape[1], len(components)))
    sums += (members @ block).toarray().reshape(sums.shape)


def _log_profiles(sums: Array, depth: float) -> Array:
    """Return the logarithm of the profile of each component in each condition: conditions × components × genes."""
    whole = sums.sum(axis=0)
    overall = whole.sum(axis=0) + 0.5
    weight = _SMOOTHING * depth
    whole = (whole + weight * overall / overall.sum()) / (whole.sum(axis=1, keepdims=True) + weight)
    weight = _SMOOTHING_CONDITION * depth
    return np.asarray(np.log((sums + weight * whole) / (sums.sum(axis=2, keepdims=True) + weight)))


def _fit(block: sparse.csr_matrix, logarithms: Array, condition: Numbers) -> NDArray[np.float32]:
    """Return cells × components: the log-likelihood of each cell under the profiles of its condition."""
    fits = np.empty((block.shape[0], logarithms.shape[1]), dtype=np.float32)
    for number in np.unique(condition):
        cells = condition == number
        fits[cells] = block[cells] @ logarithms[number].T
    return fits
