"""One p-value out of those of independent samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtri, ndtri_exp

__all__ = ["combine_samples"]

# A p-value of 1 (a gene that a sample does not show at all) would outvote every other sample; it counts as this.
_LARGEST = 1 - 1e-4


def combine_samples(pvalues: ArrayLike) -> NDArray[np.float64]:
    """Combine p-values over samples by Stouffer's sum of normal scores, every sample with equal weight.

    Valid for samples that are independent, as those of different animals are, and p-values that are uniform or larger
    on average under the null. It asks whether the interaction is specific in the samples as a whole, and unlike
    Fisher's product it is not won by one sample alone.

    Parameters
    ----------
    pvalues
        Samples × tests; NaN where a sample does not have the test.

    Returns
    -------
    Tests; NaN where no sample has it.

    Examples
    --------
    >>> combine_samples([[0.01, 0.5], [0.02, 0.5], [0.04, np.nan]]).round(4).tolist()
    [0.0002, 0.5]
    """
    p = np.minimum(np.atleast_2d(np.asarray(pvalues, dtype=np.float64)), _LARGEST)
    present = np.isfinite(p)
    number = present.sum(axis=0)
    with np.errstate(divide="ignore"):
        scores = np.where(p < 0.5, ndtri_exp(np.log(np.where(present, p, 1.0))), ndtri(p))
    total = np.where(present, scores, 0.0).sum(axis=0) / np.sqrt(np.maximum(number, 1))
    return np.where(number > 0, np.maximum(np.exp(log_ndtr(total)), np.finfo(float).tiny), np.nan)
