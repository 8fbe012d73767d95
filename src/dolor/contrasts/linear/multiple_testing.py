"""Adjustment for many tests; a missing p-value takes no part and stays missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["benjamini_hochberg", "stagewise"]

Floats = NDArray[np.float64]


def benjamini_hochberg(pvalues: Floats) -> Floats:
    """Adjust p-values so that calling those below q keeps the false discovery rate at q.

    Parameters
    ----------
    pvalues
        One a test; NaN where nothing was tested.

    Returns
    -------
    Adjusted p-values in the same order, NaN where the p-value is.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995), Journal of the Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, np.nan, 0.04, 0.03])).round(3).tolist()
    [0.03, nan, 0.04, 0.04]
    """
    adjusted = np.full(len(pvalues), np.nan)
    tested = np.flatnonzero(np.isfinite(pvalues))
    if not len(tested):
        return adjusted
    order = tested[np.argsort(pvalues[tested])]
    scaled = pvalues[order] * (len(order) / np.arange(1, len(order) + 1))
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return adjusted


def stagewise(pvalues: Floats) -> Floats:
    """Adjust families of tests in two stages: screen the families, then confirm single tests within those that pass.

    A family is an interaction, its tests the pairs of sender and receiver: a user asks first which interactions change
    at all, and then where.

    Parameters
    ----------
    pvalues
        Tests × families; NaN where nothing was tested.

    Returns
    -------
    Tests × families, NaN where the p-value is. Calling what is at most q keeps at q the expected share, among the
    families with a call, of those with a wrong call. It is the smallest q at which both stages pass: Benjamini-Hochberg
    over the families' Simes p-values, and within a family Holm at q times the share of families that pass.

    References
    ----------
    Simes, R. J. (1986), Biometrika 73, 751-754.
    Heller, R., Manduchi, E., Grant, G. R. and Ewens, W. J. (2009), Bioinformatics 25, 1019-1025.

    Examples
    --------
    >>> stagewise(np.array([[0.001, 0.5], [0.6, 0.7]])).round(3).tolist()
    [[0.004, 0.7], [1.0, 1.0]]
    """
    number = np.isfinite(pvalues).sum(axis=0)
    order = np.argsort(pvalues, axis=0)
    ascending = np.take_along_axis(pvalues, order, axis=0)
    rank = np.arange(1, len(pvalues) + 1)[:, None]
    with np.errstate(invalid="ignore"):
        simes = np.fmin.reduce(ascending * number / rank, axis=0, initial=np.inf)
        holm = np.maximum.accumulate(ascending * (number + 1 - rank), axis=0)
    screening = benjamini_hochberg(np.where(number > 0, simes, np.nan))
    within = np.empty_like(pvalues)
    np.put_along_axis(within, order, _level_reaching(holm, screening), axis=0)
    adjusted = np.minimum(np.maximum(within, screening), 1.0)
    return np.where(np.isfinite(pvalues), adjusted, np.nan)


def _level_reaching(holm: Floats, screening: Floats) -> Floats:
    """Return the smallest level q for which q times the share of families that pass at q reaches an adjusted p."""
    passing = np.sort(screening[np.isfinite(screening)])
    if not len(passing):
        return np.full_like(holm, np.nan)
    count = np.arange(1, len(passing) + 1)
    # From passing[r - 1] on, r families pass; the product then grows up to where the next one joins.
    reached = np.append(passing[1:], np.inf) * count
    target = holm * len(passing)
    first = np.minimum(np.searchsorted(reached, target, side="right"), len(passing) - 1)
    level: Floats = np.maximum(passing[first], target / count[first])
    return level
