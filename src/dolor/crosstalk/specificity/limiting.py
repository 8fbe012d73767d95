"""Moments of the smaller of two correlated variables, for complexes that are worth their limiting subunit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Law", "larger", "smaller"]

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# Skewness beyond which the cubic below is no longer monotone over the nodes that matter.
_MOST_SKEW = 2.0


class Law(NamedTuple):
    """Mean, variance and third central moment."""

    mean: Floats
    variance: Floats
    third: Floats


def smaller(a: Law, b: Law, covariance: Floats) -> tuple[Law, Floats]:
    """Return the law of min(a, b), and the probability that a is the smaller one.

    The margins are taken as cubes of normal variables with the given skewness (the Wilson-Hilferty form of a Pearson
    III law), their dependence as that of the normal variables. Each margin is integrated over Gauss-Hermite nodes
    against the probability that the other is larger.

    Parameters
    ----------
    a, b
        Laws of equal shape.
    covariance
        Of a and b.
    """
    sd_a, sd_b = _spread(a), _spread(b)
    correlation = np.clip(covariance / (sd_a * sd_b), -0.9999, 0.9999)[..., None]
    values_a, wins_a = _part(a, sd_a, b, sd_b, correlation)
    values_b, wins_b = _part(b, sd_b, a, sd_a, correlation)
    total = wins_a.sum(axis=-1) + wins_b.sum(axis=-1)
    values = np.concatenate([values_a, values_b], axis=-1)
    weights = np.concatenate([wins_a, wins_b], axis=-1) / total[..., None]
    mean = (values * weights).sum(axis=-1)
    centred = values - mean[..., None]
    law = Law(mean, (centred**2 * weights).sum(axis=-1), (centred**3 * weights).sum(axis=-1))
    return law, wins_a.sum(axis=-1) / total


def larger(a: Law, b: Law, covariance: Floats) -> tuple[Law, Floats]:
    """Return the law of max(a, b), and the probability that a is the larger one."""
    law, wins = smaller(_mirrored(a), _mirrored(b), covariance)
    return _mirrored(law), wins


def _mirrored(law: Law) -> Law:
    return Law(-law.mean, law.variance, -law.third)


def _spread(law: Law) -> Floats:
    return np.sqrt(np.maximum(law.variance, 1e-24))


def _part(a: Law, sd_a: Floats, b: Law, sd_b: Floats, correlation: Floats) -> tuple[Floats, Floats]:
    """Return values of a at the nodes, and their weights where a is the smaller one."""
    # Imported where there are complexes: it takes a quarter of a second.
    from scipy.special import ndtr

    skew_a = np.clip(a.third / sd_a**3, -_MOST_SKEW, _MOST_SKEW)[..., None]
    skew_b = np.clip(b.third / sd_b**3, -_MOST_SKEW, _MOST_SKEW)[..., None]
    values = a.mean[..., None] + sd_a[..., None] * _skewed(_NODES, skew_a)
    place = _normal((values - b.mean[..., None]) / sd_b[..., None], skew_b)
    wins = ndtr((correlation * _NODES - place) / np.sqrt(1 - correlation**2))
    return values, wins * _WEIGHTS


def _skewed(z: Floats, skew: Floats) -> Floats:
    """Turn a standard normal variable into one of the given skewness, rank by rank."""
    s = np.where(np.abs(skew) < 1e-6, 1.0, skew)
    return np.where(np.abs(skew) < 1e-6, z, 2 / s * ((1 + s * z / 6 - s**2 / 36) ** 3 - 1))


def _normal(x: Floats, skew: Floats) -> Floats:
    """Inverse of :func:`_skewed`."""
    s = np.where(np.abs(skew) < 1e-6, 1.0, skew)
    return np.where(np.abs(skew) < 1e-6, x, 6 / s * (np.cbrt(1 + s * x / 2) - 1 + s**2 / 36))
