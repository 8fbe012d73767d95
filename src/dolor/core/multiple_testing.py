"""Adjustment for many tests; a missing p-value takes no part and stays missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["benjamini_hochberg"]

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
