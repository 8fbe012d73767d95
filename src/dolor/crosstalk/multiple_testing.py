"""Adjustment for many tests; a missing p-value takes no part and stays missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["benjamini_hochberg", "simes", "stagewise"]

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
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def simes(pvalues: Floats) -> float:
    """Return a p-value for "none of these tests holds anything"; NaN if nothing was tested.

    References
    ----------
    Simes, R. J. (1986), Biometrika 73, 751-754.

    Examples
    --------
    >>> simes(np.array([0.01, 0.5, np.nan]))
    0.02
    """
    adjusted = benjamini_hochberg(pvalues)
    return float(np.nanmin(adjusted)) if np.isfinite(adjusted).any() else float("nan")


def stagewise(pvalues: Floats, groups: NDArray[np.intp], level: float = 0.05) -> tuple[Floats, NDArray[np.bool_]]:
    """Screen groups of tests first, then confirm single tests within the groups that passed.

    A group is an interaction, its tests the pairs of sender and receiver: a user asks first which interactions change
    at all, and then where. The share of wrong groups among those that are called stays at the level.

    Parameters
    ----------
    pvalues
        One a test; NaN where nothing was tested.
    groups
        Group of each test, numbered from 0.
    level
        False discovery rate over groups.

    Returns
    -------
    screening : q-value of the group of each test (Benjamini-Hochberg over the groups' Simes p-values)
    confirmed : tests called within the groups that pass, by Holm at the level times the share of groups that passed

    References
    ----------
    Heller, R., Manduchi, E., Grant, G. R. and Ewens, W. J. (2009), Bioinformatics 25, 1019-1025.

    Examples
    --------
    >>> q, called = stagewise(np.array([0.001, 0.6, 0.5, 0.7]), np.array([0, 0, 1, 1]))
    >>> q.round(3).tolist(), called.tolist()
    ([0.004, 0.004, 0.7, 0.7], [True, False, False, False])
    """
    number = int(groups.max(initial=-1)) + 1
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.searchsorted(groups[order], np.arange(1, number)))
    screening = benjamini_hochberg(np.array([simes(pvalues[rows]) for rows in members]))
    passed = screening <= level
    allowed = level * passed.sum() / max(int(np.isfinite(screening).sum()), 1)
    confirmed = np.zeros(len(pvalues), dtype=bool)
    for rows in (members[i] for i in np.flatnonzero(passed)):
        confirmed[rows] = _holm(pvalues[rows]) <= allowed
    return screening[groups], confirmed


def _holm(pvalues: Floats) -> Floats:
    """Adjust p-values so that none of a family is called wrongly; infinite where nothing was tested."""
    adjusted = np.full(len(pvalues), np.inf)
    tested = np.flatnonzero(np.isfinite(pvalues))
    order = tested[np.argsort(pvalues[tested])]
    adjusted[order] = np.maximum.accumulate(pvalues[order] * np.arange(len(order), 0, -1))
    return adjusted
