"""The permutation null itself: the reference for the closed form, and what small groups fall back on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dolor.crosstalk.compiled import compiled
from dolor.crosstalk.expression import Units

__all__ = ["permutation_pvalues"]

Floats = NDArray[np.float64]


def permutation_pvalues(
    x: Any, label: NDArray[np.intp], ligand: Units, receptor: Units, *, permutations: int = 1000, seed: int = 0
) -> Floats:
    """Deal the cells out to the cell types at random, again and again.

    Parameters
    ----------
    x
        N × G, log-normalised expression, sparse or dense. The result depends on the order of the cells, so bring them
        into one that does not change, such as that of their barcodes.
    label
        N, cell type of each cell, 0 to T - 1.
    ligand, receptor
        I interactions, compiled against the columns.
    permutations
        How often.
    seed
        Of the random numbers.

    Returns
    -------
    T × T × I, (1 + hits) / (1 + permutations) for sender, receiver and interaction. A hit is a sum of ligand and
    receptor means that reaches the observed one; complexes and alternatives are formed anew each time.

    Examples
    --------
    >>> from dolor.crosstalk.expression import compile_units
    >>> x, label = np.array([[4.0, 0.0], [5.0, 0.0], [0.0, 3.0], [0.0, 4.0]]), np.array([0, 0, 1, 1])
    >>> p = permutation_pvalues(x, label, compile_units(["A"], "AB"), compile_units(["B"], "AB"), permutations=99)
    >>> bool(p[0, 1, 0] < p[1, 0, 0]), bool(p.min() >= 0.01)
    (True, True)
    """
    rows = sparse.csr_matrix(x)
    n = np.bincount(label).astype(np.float64)
    statistic = _statistic(rows, label, n, ligand, receptor)
    # Sums in another order differ in the last bits; a tie is a hit.
    reached = statistic - 1e-9 * np.maximum(np.abs(statistic), 1.0)
    random = np.random.default_rng(seed)
    hits = np.zeros(statistic.shape)
    for _ in range(permutations):
        hits += _statistic(rows, random.permutation(label), n, ligand, receptor) >= reached
    return np.asarray((1 + hits) / (1 + permutations))


def _statistic(rows: Any, label: NDArray[np.intp], n: Floats, ligand: Units, receptor: Units) -> Floats:
    sums = np.zeros((len(n), rows.shape[1]))
    _add_rows(rows.data, rows.indices, rows.indptr, label, sums)
    means = sums / n[:, None]
    return np.asarray(_best(means, ligand)[:, None] + _best(means, receptor)[None])


def _best(means: Floats, units: Units) -> Floats:
    """Mean of each unit: of a complex the limiting subunit, of alternatives the best."""
    whole = np.minimum.reduceat(means[:, units.subunits], units.alternative_starts, axis=1)
    return np.asarray(np.maximum.reduceat(whole, units.unit_starts, axis=1))


@compiled
def _add_rows(data: Any, indices: Any, indptr: Any, label: Any, sums: Any) -> None:
    """Add compressed rows to the sums of their groups."""
    for row in range(len(label)):
        for k in range(indptr[row], indptr[row + 1]):
            sums[label[row], indices[k]] += data[k]
