"""How precise each score of a replicate is: few cells and few counts scatter more than the replicates themselves.

The variance of a log expression is taken as ``biological(level) + a / expected counts + b / cells``. The three parts
are fitted to the squared residuals of all genes together. Because ``a`` and ``b`` are fitted and not assumed, cells
counted twice change nothing: the counts double and the coefficients with them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from dolor.crosstalk.contrasts.linear_model import basis
from dolor.crosstalk.contrasts.supply import Supply
from dolor.crosstalk.expression import PRIOR

__all__ = ["expected_variance"]

Floats = NDArray[np.float64]

_LEVELS = 10
_SMALLEST_PART = 1e-3


def expected_variance(supply: Supply, design: Floats, expressed: NDArray[np.bool_]) -> Floats:
    """Estimate the variance of every log expression around the design.

    Parameters
    ----------
    supply
        Expression of U units by S replicates and T cell types.
    design
        S × coefficients.
    expressed
        T × U: the pairs to learn from; the others say nothing about noise.

    Returns
    -------
    S × T × U, positive; NaN where the cell type is absent. Constant where there are no residual degrees of freedom.
    """
    sampling, cells = _sampling_terms(supply)
    level = np.log(supply.pooled + PRIOR)
    squares, remaining = _squared_residuals(supply, design)
    usable = expressed[None] & np.isfinite(squares) & (remaining > 0.1)[:, :, None]
    present = supply.cells > 0
    if usable.sum() < 10 * _LEVELS:
        return np.where(present[:, :, None], 1.0, np.nan) * np.ones_like(supply.log2)
    centers = np.unique(np.quantile(level[expressed], np.linspace(0, 1, _LEVELS)))
    share = np.broadcast_to(remaining[:, :, None], squares.shape)[usable]
    tents = _tents(level.ravel(), centers)
    place = np.broadcast_to(np.arange(level.size).reshape(level.shape), squares.shape)[usable]
    terms = np.column_stack([tents[place], sampling[usable], np.broadcast_to(cells[:, :, None], squares.shape)[usable]])
    coefficients = _fit_positive(terms, squares[usable] / share, share)
    biological = (tents @ coefficients[: len(centers)]).reshape(level.shape)
    variance = biological + coefficients[-2] * sampling + coefficients[-1] * cells[:, :, None]
    typical = float(np.median(variance[usable]))
    return np.where(present[:, :, None], np.maximum(variance, _SMALLEST_PART * typical), np.nan)


def _sampling_terms(supply: Supply) -> tuple[Floats, Floats]:
    """Return the Poisson variance of the log at the pooled level (S × T × U), and one over the cells (S × T)."""
    with np.errstate(divide="ignore"):
        per_count = np.where(supply.totals > 0, 1e4 / supply.totals, np.nan)
        per_cell = np.where(supply.cells > 0, 1 / supply.cells, np.nan)
    slope = 1 / (np.log(2) * (supply.pooled + PRIOR))
    return supply.pooled[None] * slope[None] ** 2 * per_count[:, :, None], per_cell


def _squared_residuals(supply: Supply, design: Floats) -> tuple[Floats, Floats]:
    """Return squared residuals of unweighted fits, and what part of the variance each residual keeps (S × T)."""
    squares = np.full(supply.log2.shape, np.nan)
    remaining = np.zeros(supply.cells.shape)
    for cell_type in range(supply.cells.shape[1]):
        present = supply.cells[:, cell_type] > 0
        if not present.any():
            continue
        columns, _ = basis(design[present])
        values = supply.log2[present, cell_type]
        squares[present, cell_type] = (values - columns @ (columns.T @ values)) ** 2
        remaining[present, cell_type] = 1 - (columns**2).sum(axis=1)
    return squares, remaining


def _tents(values: Floats, centers: Floats) -> Floats:
    """Return the weights of linear interpolation between the centers; flat beyond them."""
    return np.column_stack([np.interp(values, centers, unit) for unit in np.eye(len(centers))])


def _fit_positive(terms: Floats, response: Floats, weights: Floats) -> Floats:
    """Fit coefficients that cannot be negative by least squares on the normal equations, which stay small."""
    gram = terms.T @ (terms * weights[:, None])
    moment = terms.T @ (response * weights)
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    root = np.linalg.cholesky(gram / np.outer(scale, scale) + 1e-10 * np.eye(len(gram)))
    coefficients, _ = nnls(root.T, np.linalg.solve(root, moment / scale))
    fitted: Floats = coefficients / scale
    return fitted
