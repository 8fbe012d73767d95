"""Upper tail of a Pearson III law: a gamma law moved and scaled to a mean, a variance and a skewness."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc, gammaincc, ndtr

__all__ = ["upper_tail"]

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
    deviation, variance, third = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (deviation, variance, third)))
    varies = variance > 0
    safe = np.where(varies, variance, 1.0)
    z = deviation / np.sqrt(safe)
    skew = np.where(varies, third, 0.0) / safe**1.5
    size = np.abs(skew)
    shape = 4.0 / np.maximum(size, _NEARLY_NORMAL) ** 2
    place = np.maximum(shape + np.sign(skew) * z * np.sqrt(shape), 0.0)
    p = np.empty(z.shape)
    right, left = skew >= _NEARLY_NORMAL, skew <= -_NEARLY_NORMAL
    p[right] = gammaincc(shape[right], place[right])
    p[left] = gammainc(shape[left], place[left])
    normal = ~(right | left)
    zn = z[normal]
    edgeworth = skew[normal] / 6 * (zn**2 - 1) * np.exp(-(zn**2) / 2) / np.sqrt(2 * np.pi)
    p[normal] = np.clip(ndtr(-zn) + edgeworth, 0.0, 1.0)
    return np.where(varies, p, 1.0)
