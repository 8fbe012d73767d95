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
    """M comparisons of K responses.

    ``effect`` and ``unscaled_variance`` (M × K); residual ``variance`` (K) with ``df``; ``joint`` (K), the numerator of
    the F statistic of the comparisons that are tested together, in units of the residual variance (NaN if none are).
    """

    effect: Floats
    unscaled_variance: Floats
    variance: Floats
    df: int
    joint: Floats


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


def fit(
    response: Floats,
    weights: Floats,
    design: Floats,
    comparisons: Floats,
    *,
    correlation: Floats | None = None,
    together: NDArray[np.bool_] | None = None,
) -> Fit:
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
    correlation
        Samples × samples; None if they are independent.
    together
        M; the comparisons that the joint F statistic is about.

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
    contrast = comparisons @ rows
    solve = _independent if correlation is None else _correlated
    inverse, coefficients, squares = solve(response, weights, columns, correlation)
    samples, rank = columns.shape
    df = samples - rank
    outer = (contrast[:, :, None] * contrast[:, None, :]).reshape(len(contrast), rank * rank)
    return Fit(
        effect=contrast @ coefficients,
        unscaled_variance=outer @ inverse.reshape(rank * rank, -1),
        variance=squares / df if df > 0 else np.full(response.shape[1], np.nan),
        df=df,
        joint=_joint(contrast, together, inverse, coefficients),
    )


def _independent(response: Floats, weights: Floats, columns: Floats, _: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Return the inverse of the normal matrix (rank × rank × K), coefficients (rank × K), residual squares (K)."""
    samples, rank = columns.shape
    products = (columns[:, :, None] * columns[:, None, :]).reshape(samples, rank * rank)
    inverse = _inverse((products.T @ weights).reshape(rank, rank, -1))
    coefficients = (inverse * (columns.T @ (weights * response))[None]).sum(axis=1)
    residual = response - columns @ coefficients
    residual *= residual
    residual *= weights
    return inverse, coefficients, residual.sum(axis=0)


def _correlated(
    response: Floats, weights: Floats, columns: Floats, correlation: Floats | None
) -> tuple[Floats, Floats, Floats]:
    """Solve as :func:`_independent` does, after a rotation that makes correlated samples independent."""
    root = np.sqrt(weights)
    samples, rank = columns.shape
    rotate = np.linalg.inv(np.linalg.cholesky(np.asarray(correlation)))
    rotated = (rotate @ (columns[:, :, None] * root[:, None, :]).reshape(samples, -1)).reshape(samples, rank, -1)
    target = rotate @ (root * response)
    inverse = _inverse(np.einsum("spk,sqk->pqk", rotated, rotated))
    coefficients = (inverse * (rotated * target[:, None]).sum(axis=0)[None]).sum(axis=1)
    residual = target - (rotated * coefficients).sum(axis=1)
    return inverse, coefficients, (residual**2).sum(axis=0)


def _inverse(matrices: Floats) -> Floats:
    """Invert K positive definite matrices (rank × rank × K) by sweeping; for small ones far faster than one by one."""
    swept = matrices
    for pivot in range(len(matrices)):
        row = swept[pivot] / swept[pivot, pivot]
        column = swept[:, pivot].copy()
        swept = swept - column[:, None] * row[None]
        swept[pivot] = row
        swept[:, pivot] = -column / column[pivot]
        swept[pivot, pivot] = 1 / column[pivot]
    return swept


def _joint(contrast: Floats, together: NDArray[np.bool_] | None, inverse: Floats, coefficients: Floats) -> Floats:
    """Return the mean square of the comparisons tested together, whatever their correlation."""
    if together is None or together.sum() < 2:
        return np.full(coefficients.shape[1], np.nan)
    chosen = contrast[together]
    number = int(np.linalg.matrix_rank(chosen))
    covariance = np.einsum("mp,pqk,nq->kmn", chosen, inverse, chosen, optimize=True)
    effect = chosen @ coefficients
    solved = np.einsum("kmn,nk->mk", np.linalg.pinv(covariance, hermitian=True), effect)
    joint: Floats = (effect * solved).sum(axis=0) / number
    return joint
