"""Empirical-Bayes moderation: the variance of one test borrows strength from all tests.

Each residual variance is taken as a draw around a prior that follows a smooth trend; the posterior is their average,
weighted by degrees of freedom. The prior is fitted by the moments of the log variances.

References
----------
Smyth, G. K. (2004), Statistical Applications in Genetics and Molecular Biology 3(1), article 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Prior", "fit_prior", "moderate", "natural_spline", "trigamma_inverse"]

Floats = NDArray[np.float64]

_SPLINE_COLUMNS = 4
# Variances below this part of the median are those of constant scores; as zeros their logarithm would rule the fit.
_SMALLEST_PART = 1e-5


@dataclass(frozen=True)
class Prior:
    """What the other tests say of a variance: degrees of freedom (may be infinite), and the value for each test."""

    df: float
    variance: Floats


def fit_prior(variance: Floats, df: Floats, covariate: Floats | None = None) -> Prior:
    """Fit the prior of residual variances.

    Parameters
    ----------
    variance
        Residual variances of the tests.
    df
        Their residual degrees of freedom, each above 0.
    covariate
        What the variance may depend on, such as the log of the variance expected from the counts. None: no trend.

    Returns
    -------
    Degrees of freedom and location (one a test) of the prior. The degrees of freedom are infinite when the variances
    scatter no more than chance, and 0 with fewer than three tests, which say nothing about each other.

    Examples
    --------
    >>> prior = fit_prior(np.array([0.5, 1.0, 2.0, 1.0]), np.full(4, 4.0))
    >>> prior.df
    inf
    """
    if len(variance) < 3:
        return Prior(0.0, np.array(variance, dtype=float))
    floor = _SMALLEST_PART * float(np.median(variance[variance > 0])) if (variance > 0).any() else 1.0
    log_variance = np.log(np.maximum(variance, floor)) - _log_bias(df)
    columns = np.ones((len(variance), 1)) if covariate is None else natural_spline(covariate)
    if len(variance) <= 2 * columns.shape[1]:
        columns = columns[:, :1]
    coefficients, _, rank, _ = np.linalg.lstsq(columns, log_variance, rcond=None)
    center = columns @ coefficients
    scatter = float(((log_variance - center) ** 2).sum() / (len(variance) - rank))
    excess = scatter - _mean_trigamma(df / 2)
    if excess <= 0:
        return Prior(np.inf, np.exp(center))
    half = trigamma_inverse(excess)
    return Prior(2 * half, np.exp(center + special.digamma(half) - np.log(half)))


def _log_bias(df: Floats) -> Floats:
    """Return the expected logarithm of a chi-square with these degrees of freedom over them."""
    distinct, place = np.unique(df, return_inverse=True)
    bias: Floats = (special.digamma(distinct / 2) - np.log(distinct / 2))[place]
    return bias


def _mean_trigamma(values: Floats) -> float:
    distinct, counts = np.unique(values, return_counts=True)
    return float((special.polygamma(1, distinct) * counts).sum() / counts.sum())


def moderate(variance: Floats, df: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """Combine each residual variance with the prior.

    Returns
    -------
    variance, df : the posterior variance and its degrees of freedom, one a test. The degrees of freedom never exceed
        those of all tests together, which bounds them when the prior is certain.
    """
    total = np.minimum(df + prior.df, float(df.sum()))
    if np.isinf(prior.df):
        return prior.variance.copy(), total
    return (prior.df * prior.variance + df * variance) / (prior.df + df), total


def natural_spline(covariate: Floats) -> Floats:
    """Return a natural cubic spline basis with knots at the extremes and the terciles; an intercept is part of it.

    Examples
    --------
    >>> natural_spline(np.array([0.0, 1.0, 2.0, 3.0])).shape
    (4, 4)
    """
    center, spread = float(covariate.mean()), float(covariate.std())
    if spread <= 1e-12 * max(abs(center), 1.0):
        return np.ones((len(covariate), 1))
    scaled = (covariate - center) / spread
    knots = np.unique(np.quantile(scaled, np.linspace(0, 1, _SPLINE_COLUMNS)))
    basis = [np.ones_like(scaled), scaled]
    if len(knots) > 2:
        last = _cubic_to_end(scaled, knots[-2], knots[-1])
        basis += [_cubic_to_end(scaled, knot, knots[-1]) - last for knot in knots[:-2]]
    return np.column_stack(basis)


def _cubic_to_end(values: Floats, knot: float, end: float) -> Floats:
    """Return the truncated cubic at a knot, made linear beyond the end."""
    cubic: Floats = (np.maximum(values - knot, 0) ** 3 - np.maximum(values - end, 0) ** 3) / (end - knot)
    return cubic


def trigamma_inverse(value: float) -> float:
    """Return the argument at which the trigamma function takes a positive value.

    Examples
    --------
    >>> round(trigamma_inverse(float(special.polygamma(1, 3.0))), 9)
    3.0
    """
    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    argument = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, argument))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, argument))
        argument += step
        if -step / argument < 1e-10:
            break
    return argument
