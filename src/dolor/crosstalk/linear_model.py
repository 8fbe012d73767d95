"""Weighted least squares of many responses on one design, and which comparisons a design can answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "basis", "fit", "is_estimable"]

Floats = NDArray[np.float64]

_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Fit:
    """Comparisons of K responses: ``effect`` and ``unscaled_variance`` (M × K), ``variance`` (K), residual ``df``."""

    effect: Floats
    unscaled_variance: Floats
    variance: Floats
    df: int


def basis(design: Floats) -> tuple[Floats, Floats]:
    """Return an orthonormal basis of the columns of a design, and of its rows.

    Parameters
    ----------
    design
        Samples × coefficients; may be rank deficient.

    Returns
    -------
    columns : (samples × rank), orthonormal
    rows : (coefficients × rank), such that a comparison ``c`` of coefficients is ``c @ rows`` in the basis ``columns``
    """
    left, singular, right = np.linalg.svd(design, full_matrices=False)
    rank = int((singular > _TOLERANCE * max(singular.max(initial=0.0), 1.0)).sum())
    return left[:, :rank], right[:rank].T / singular[:rank]


def is_estimable(comparison: Floats, design: Floats) -> bool:
    """Say whether a comparison of coefficients is determined by the samples of a design.

    Examples
    --------
    >>> one_group = np.array([[1.0, 1.0], [1.0, 1.0]])
    >>> is_estimable(np.array([0.0, 1.0]), one_group)
    False
    """
    if not len(design):
        return False
    _, singular, right = np.linalg.svd(design, full_matrices=False)
    kept = right[singular > _TOLERANCE * max(singular.max(initial=0.0), 1.0)]
    outside = comparison - (comparison @ kept.T) @ kept
    return bool(np.abs(outside).max(initial=0.0) < 1e-6)


def fit(response: Floats, weights: Floats, design: Floats, comparisons: Floats) -> Fit:
    """Fit every response by weighted least squares and evaluate the comparisons.

    Parameters
    ----------
    response
        Samples × K, no missing values.
    weights
        Samples × K, positive: the relative precision of each value.
    design
        Samples × coefficients; a rank-deficient one is solved in the space that it spans.
    comparisons
        M × coefficients, each estimable (:func:`is_estimable`).

    Returns
    -------
    Effects, their variances in units of the residual variance, the residual variance (NaN without residual degrees of
    freedom) and these degrees of freedom.

    Examples
    --------
    >>> design = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> scores = np.array([[1.0], [3.0], [5.0], [7.0]])
    >>> result = fit(scores, np.ones_like(scores), design, np.array([[0.0, 1.0]]))
    >>> round(result.effect.item(), 9), round(result.variance.item(), 9), result.df
    (4.0, 2.0, 2)
    """
    columns, rows = basis(design)
    samples, rank = columns.shape
    contrast = comparisons @ rows
    products = (columns[:, :, None] * columns[:, None, :]).reshape(samples, rank * rank)
    gram = (weights.T @ products).reshape(-1, rank, rank)
    weighted = weights * response
    inverse = np.linalg.inv(gram)
    coefficients = np.matmul(inverse, (weighted.T @ columns)[:, :, None])[:, :, 0]
    residual = response - columns @ coefficients.T
    df = samples - rank
    squares = np.einsum("sk,sk,sk->k", weights, residual, residual)
    outer = (contrast[:, :, None] * contrast[:, None, :]).reshape(len(contrast), rank * rank)
    return Fit(
        effect=contrast @ coefficients.T,
        unscaled_variance=outer @ inverse.reshape(-1, rank * rank).T,
        variance=squares / df if df > 0 else np.full(response.shape[1], np.nan),
        df=df,
    )
