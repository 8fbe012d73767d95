"""Combining estimates of several studies: the kernel of meta-analysis, for many questions at once.

References
----------
Paule, R. C. and Mandel, J. (1982), Journal of Research of the National Bureau of Standards 87, 377-385.
Hartung, J. and Knapp, G. (2001), Statistics in Medicine 20, 3875-3889.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Combined", "combine_studies", "leave_one_out"]

Floats = NDArray[np.float64]

_ROUNDS = 100


@dataclass(frozen=True)
class Combined:
    """Answers to K questions.

    ``number`` of studies; ``effect``, ``se``, ``pvalue`` (NaN for a single study); ``tau2``, the variance between
    studies; ``i2``, the part of the scatter that is heterogeneity; ``q_pvalue`` of Cochran's test for it.
    """

    number: NDArray[np.int64]
    effect: Floats
    se: Floats
    pvalue: Floats
    tau2: Floats
    i2: Floats
    q_pvalue: Floats


def combine_studies(effect: Floats, se: Floats) -> Combined:
    """Combine studies by random effects.

    Parameters
    ----------
    effect, se
        K × studies; NaN where a study has no estimate.

    Returns
    -------
    Mean effects with Paule-Mandel's variance between studies and Hartung-Knapp's standard error, which is never taken
    smaller than the one that assumes the variances known; its t has one degree of freedom less than studies.

    Examples
    --------
    >>> found = combine_studies(np.array([[1.0, 1.2, 0.8]]), np.array([[0.3, 0.3, 0.3]]))
    >>> round(found.effect.item(), 6), found.tau2.item(), round(found.pvalue.item(), 3)
    (1.0, 0.0, 0.029)
    """
    there = _has_estimate(effect, se)
    value, variance = np.where(there, effect, 0.0), np.where(there, se**2, 1.0)
    number = there.sum(axis=1)
    df = np.maximum(number - 1, 1)
    fixed = _heterogeneity(value, variance, there, np.zeros(len(value)))[0]
    tau2 = _between(value, variance, there, df)
    spread, mean, precision = _heterogeneity(value, variance, there, tau2)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.maximum(spread / df, 1.0) / precision)
        pvalue = 2 * special.stdtr(df, -np.abs(mean / error))
        i2 = np.where(fixed > 0, np.maximum(0.0, 1 - df / fixed), 0.0)
    several = number > 1
    return Combined(
        number=number,
        effect=np.where(number > 0, mean, np.nan),
        se=np.where(number > 0, error, np.nan),
        pvalue=np.where(several, pvalue, np.nan),
        tau2=np.where(several, tau2, np.nan),
        i2=np.where(several, i2, np.nan),
        q_pvalue=np.where(several, special.chdtrc(df, fixed), np.nan),
    )


def leave_one_out(effect: Floats, se: Floats) -> tuple[Floats, Floats, Floats]:
    """Repeat without each study.

    Returns
    -------
    lowest effect, highest effect, largest p : NaN where fewer than three studies leave nothing to combine.
    """
    there = _has_estimate(effect, se)
    number = there.sum(axis=1)
    effects, pvalues = [], []
    for study in range(effect.shape[1]):
        without = np.arange(effect.shape[1]) != study
        found = combine_studies(effect[:, without], se[:, without])
        took_part = there[:, study] & (number > 2)
        effects.append(np.where(took_part, found.effect, np.nan))
        pvalues.append(np.where(took_part, found.pvalue, np.nan))
    stacked, largest = np.array(effects), np.array(pvalues)
    enough = number > 2
    low, high, worst = (np.full(len(number), np.nan) for _ in range(3))
    low[enough], high[enough] = np.nanmin(stacked[:, enough], axis=0), np.nanmax(stacked[:, enough], axis=0)
    worst[enough] = np.nanmax(largest[:, enough], axis=0)
    return low, high, worst


def _has_estimate(effect: Floats, se: Floats) -> NDArray[np.bool_]:
    usable: NDArray[np.bool_] = np.isfinite(effect) & np.isfinite(se) & (se > 0)
    return usable


def _heterogeneity(
    value: Floats, variance: Floats, there: NDArray[np.bool_], tau2: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the weighted squares around the mean, the mean, and the sum of the weights."""
    weight = np.where(there, 1 / (variance + tau2[:, None]), 0.0)
    precision = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weight * value).sum(axis=1) / precision
    squares = (weight * (value - np.nan_to_num(mean)[:, None]) ** 2).sum(axis=1)
    return squares, mean, precision


def _between(value: Floats, variance: Floats, there: NDArray[np.bool_], df: NDArray[np.int64]) -> Floats:
    """Solve for the variance between studies at which the weighted squares are as expected, by halving an interval."""
    low = np.zeros(len(value))
    high = np.where(there, value**2, 0.0).sum(axis=1) * 4 + 1e-12
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        above = _heterogeneity(value, variance, there, middle)[0] > df
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    needed = _heterogeneity(value, variance, there, np.zeros(len(value)))[0] > df
    solved: Floats = np.where(needed, (low + high) / 2, 0.0)
    return solved
