"""Donors that give several samples: paired designs and repeated measures.

Where every donor gives more than one sample, a comparison within donors takes the donors as fixed effects: each is its
own control. What differs between donors only, such as sex, cannot be asked that way; there the samples of a donor share
a random intercept, with one correlation estimated from all genes together, as limma's ``duplicateCorrelation`` does.

References
----------
Smyth, G. K., Michaud, J. and Scott, H. S. (2005), Bioinformatics 21, 2067-2075.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.crosstalk.contrasts.linear_model import basis

__all__ = ["block_correlation", "consensus_correlation", "indicator", "is_paired"]

Floats = NDArray[np.float64]

_LARGEST = 0.95


def indicator(donors: pd.Series) -> Floats:
    """Return samples × donors, 1 where a sample is of a donor."""
    return pd.get_dummies(donors.astype(str)).to_numpy(dtype=float)


def is_paired(donors: pd.Series) -> bool:
    """Say whether every donor gave more than one sample."""
    return bool((donors.astype(str).value_counts() > 1).all())


def consensus_correlation(log2: Floats, variance: Floats, design: Floats, blocks: Floats) -> float:
    """Estimate the correlation of samples of one donor that the design leaves, from all genes together.

    Parameters
    ----------
    log2
        S × T × U, log2 expression; NaN where the cell type is absent.
    variance
        S × T × U, expected variance, by which residuals are scaled.
    design
        S × coefficients.
    blocks
        S × donors, from :func:`indicator`.

    Returns
    -------
    The correlation, 0 or more: the moments of residuals within and across donors, matched to their expectation.
    """
    equations, moments = np.zeros((2, 2)), np.zeros(2)
    for cell_type in range(log2.shape[1]):
        rows = np.flatnonzero(np.isfinite(log2[:, cell_type]).any(axis=1))
        usable = np.isfinite(log2[rows, cell_type]).all(axis=0) & np.isfinite(variance[rows, cell_type]).all(axis=0)
        same = blocks[rows] @ blocks[rows].T
        np.fill_diagonal(same, 0)
        if not (usable.any() and same.any()):
            continue
        columns, _ = basis(design[rows])
        remaining = np.eye(len(rows)) - columns @ columns.T
        expected = variance[rows, cell_type][:, usable]
        residual = remaining @ log2[rows, cell_type][:, usable] / np.sqrt(expected.mean(axis=0))
        count = int(usable.sum())
        moments += [(residual**2).sum(), np.einsum("sk,st,tk->", residual, same, residual, optimize=True)]
        for row, form in enumerate((remaining, remaining @ same @ remaining)):
            equations[row] += [count * np.trace(form), count * np.trace(form @ same)]
    if np.linalg.matrix_rank(equations) < 2:
        return 0.0
    total, shared = np.linalg.solve(equations, moments)
    return float(np.clip(shared / total, 0.0, _LARGEST)) if total > 0 else 0.0


def block_correlation(blocks: Floats, correlation: float) -> Floats:
    """Return the correlation matrix of samples, S × S.

    Examples
    --------
    >>> block_correlation(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 0.5)[0].tolist()
    [1.0, 0.5, 0.0]
    """
    same = blocks @ blocks.T * correlation
    np.fill_diagonal(same, 1.0)
    return same
