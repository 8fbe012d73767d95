"""Multinomial mixture over all informative genes: cells move to the population whose profile they fit best.

Markers name the clusters; few of them are detected in a single cell, and clusters have unsharp borders. The profiles of
the named clusters over thousands of genes tell nearly every cell apart, so that names are learnt from markers and cells
are assigned by all genes (classification expectation maximisation: profiles, assignment, profiles, …).

Each condition has profiles of its own, drawn to those of all conditions: a population that responds to a treatment
stays one population. A cell is never judged by a profile that it was counted into itself.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dolor.io.matrix.cell_rows import CellRows

__all__ = ["assign_by_profile"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

# What the profile of all cells is worth beside those of a component's own cells, and the latter beside those of its
# cells in one condition: that of so many cells.
_SMOOTHING, _SMOOTHING_CONDITION = float(os.environ.get("SM", "1")), float(os.environ.get("SMC", "10"))
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
    sums = np.zeros(shape)
    for place, block in damped.blocks():
        _add(sums, block, condition[place], components[place])
    fits = np.zeros((counts.shape[0], n_components), dtype=np.float32)
    for _ in range(_ROUNDS):
        model, before, after = _Profiles(sums), components.copy(), np.zeros(shape)
        for place, block in damped.blocks():
            fits[place] = model.fit(block, condition[place], components[place])
            components[place] = np.where(block.getnnz(axis=1) > 0, fits[place].argmax(axis=1), -1)
            _add(after, block, condition[place], components[place])
        sums = after
        if (components != before).mean() < _SETTLED:
            break
    return components, fits


def _damped(block: sparse.csr_matrix) -> sparse.csr_matrix:
    phi = float(os.environ.get("DAMP", "0.2"))
    damped = sparse.csr_matrix(block, dtype=float, copy=True)
    damped.data = np.log1p(damped.data * phi) / phi
    return damped


def _add(sums: Array, block: sparse.csr_matrix, condition: Numbers, components: Numbers) -> None:
    """Add the cells of a block to the sums of their conditions and components."""
    inside = np.flatnonzero(components >= 0)
    group = condition[inside] * sums.shape[1] + components[inside]
    ones = np.ones(len(inside))
    members = sparse.csr_matrix((ones, (group, inside)), shape=(sums.shape[0] * sums.shape[1], len(components)))
    sums += (members @ block).toarray().reshape(sums.shape)


class _Profiles:
    """Profiles of components in each condition, from the sums of their cells."""

    def __init__(self, sums: Array) -> None:
        overall = sums.sum(axis=(0, 1)) + 1e-3
        cell = max(float(overall.sum()), 1.0) / 1e3
        self.typical = overall / overall.sum()
        self.sums, self.whole = sums, sums.sum(axis=0)
        self.cell = cell

    def fit(self, block: sparse.csr_matrix, condition: Numbers, own: Numbers) -> NDArray[np.float32]:
        """Return cells × components; in its own component a cell is left out of the profile."""
        depth = np.asarray(block.sum(axis=1)).ravel()
        typical_depth = float(np.median(depth[depth > 0])) if (depth > 0).any() else 1.0
        a, b = _SMOOTHING * max(typical_depth, 1.0), _SMOOTHING_CONDITION * max(typical_depth, 1.0)
        whole = (self.whole + a * self.typical) / (self.whole.sum(axis=1, keepdims=True) + a)
        fits = np.zeros((block.shape[0], self.whole.shape[0]), dtype=np.float32)
        for number in np.unique(condition):
            cells = np.flatnonzero(condition == number)
            sums, part = self.sums[number], block[cells]
            profile = (sums + b * whole) / (sums.sum(axis=1, keepdims=True) + b)
            fits[cells] = part @ np.log(profile).T
        return fits
