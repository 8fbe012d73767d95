"""Upper tail of a Pearson III law: a gamma law moved and scaled to a mean, a variance and a skewness."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dolor.crosstalk.compiled import compiled
from dolor.crosstalk.specificity.gamma_tail import gamma_tail

__all__ = ["pearson_tail", "upper_tail"]

Floats = NDArray[np.float64]

# Below this skewness the gamma law has a shape above 4e6, and one term of Edgeworth is exact to rounding.
_NEARLY_NORMAL = 1e-3


def upper_tail(deviation: ArrayLike, variance: ArrayLike, third: ArrayLike) -> Floats:
    """Return P(X >= x) of a Pearson III law.

    Parameters
    ----------
    deviation
        x minus the mean.
    variance
        Second central moment; where it is 0 there is only one value, and the tail is 1.
    third
        Third central moment.

    Returns
    -------
    Probabilities; 0 beyond the end of a law that is skewed to the left.

    Examples
    --------
    >>> upper_tail([0.0, 1.959964], [1.0, 1.0], [0.0, 0.0]).round(4)
    array([0.5  , 0.025])
    """
    arrays = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (deviation, variance, third)))
    tails = np.empty(arrays[0].shape)
    deviations, variances, thirds = (np.ravel(array) for array in arrays)
    _fill(deviations, variances, thirds, tails.ravel())
    return tails


@compiled
def _fill(deviation: Any, variance: Any, third: Any, tails: Any) -> None:
    for i in range(len(tails)):
        tails[i] = pearson_tail(deviation[i], variance[i], third[i])


@compiled
def pearson_tail(deviation: float, variance: float, third: float) -> float:
    """Return one tail; see :func:`upper_tail`."""
    if not variance > 0:
        return 1.0
    sd = math.sqrt(variance)
    z = deviation / sd
    skew = third / (variance * sd)
    if abs(skew) < _NEARLY_NORMAL:
        edgeworth = skew / 6 * (z * z - 1) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return min(max(0.5 * math.erfc(z / math.sqrt(2)) + edgeworth, 0.0), 1.0)
    shape = 4 / (skew * skew)
    return gamma_tail(shape, shape + math.copysign(math.sqrt(shape), skew) * z, skew > 0)
