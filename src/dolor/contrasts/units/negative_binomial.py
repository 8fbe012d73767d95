"""Negative-binomial regression of many units on one design, with ambient RNA as an added term of the mean.

The mean of unit g in sample s is ``exp(design @ coefficients + offset) + leaked``: transcripts of the cells' own, which
the design explains, and transcripts that leaked in, which it does not. Leakage is never subtracted from counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["NegativeBinomialFit", "fit_negative_binomial", "unit_deviance"]

Floats = NDArray[np.float64]

_ITERATIONS = 40
_TOLERANCE = 1e-9
# Longest step of a linear predictor. Where an arm holds no transcript of its own the optimum is at minus infinity.
_LONGEST_STEP = 3.0
_DAMPING = 1e-8
# Part of a deviance by which rounding may seem to raise it.
_ROUNDING = 1e-10
_HALVINGS = 6
_LOWEST_PREDICTOR = -30.0
# Added to counts for starting values only, relative to the library.
_START = 0.25
_SMALLEST_DISPERSION = 1e-6


@dataclass(frozen=True)
class NegativeBinomialFit:
    """Fits of G units to S samples and p coefficients.

    ``coefficients`` (p × G, natural log); ``own`` and ``mean`` (S × G), expected counts without and with leakage;
    ``deviance`` (G); ``weights`` (S × G), working weights; ``information`` (G × p × p).
    """

    coefficients: Floats
    own: Floats
    mean: Floats
    deviance: Floats
    weights: Floats
    information: Floats

    def leverage(self, design: Floats) -> Floats:
        """Return the leverage of each sample on its own fitted value, S × G, between 0 and 1."""
        inverse = _inverse(self.information)
        leverage = np.einsum("sp,gpq,sq->sg", design, inverse, design, optimize=True) * self.weights
        return np.asarray(np.clip(leverage, 0.0, 1.0))

    def variance(self, contrast: Floats) -> Floats:
        """Return the variance of ``contrast @ coefficients`` at a quasi-dispersion of 1, one per unit."""
        result: Floats = np.einsum("p,gpq,q->g", contrast, _inverse(self.information), contrast, optimize=True)
        return result


def unit_deviance(counts: Floats, mean: Floats, dispersion: Floats | float) -> Floats:
    """Return the negative-binomial deviance of each count.

    Examples
    --------
    >>> unit_deviance(np.array([4.0]), np.array([4.0]), 0.1)
    array([0.])
    """
    size = np.maximum(dispersion, _SMALLEST_DISPERSION)
    excess = np.log1p(size * (counts - mean) / (1 + size * mean))
    ratio = np.where(counts > 0, counts / mean, 1.0)
    deviance: Floats = 2 * (special.xlogy(counts, ratio) - (counts + 1 / size) * excess)
    return np.maximum(deviance, 0.0)


def fit_negative_binomial(
    counts: Floats,
    design: Floats,
    offset: Floats,
    dispersion: Floats | float,
    leaked: Floats | None = None,
    start: Floats | None = None,
) -> NegativeBinomialFit:
    """Fit every unit by Fisher scoring, all units at once.

    Parameters
    ----------
    counts
        S × G, 0 or more; need not be whole numbers.
    design
        S × p, of full column rank.
    offset
        S, natural log of the library size.
    dispersion
        One for all units, or one per unit (G); the variance is ``mean + dispersion * mean²``.
    leaked
        S × G, expected ambient transcripts; None: none.
    start
        p × G, coefficients to begin with; None: from least squares on logs.

    Returns
    -------
    The fits. Where all samples of an arm are explained by leakage (or are 0), its expected own counts approach 0 and
    the coefficients stay finite.

    Examples
    --------
    >>> design = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> fitted = fit_negative_binomial(np.array([[2.0], [4.0], [8.0], [4.0]]), design, np.zeros(4), 0.1)
    >>> np.exp(fitted.coefficients[:, 0]).round(6).tolist()
    [3.0, 6.0]
    """
    samples, units = counts.shape
    ambient = np.zeros_like(counts) if leaked is None else leaked
    size = np.broadcast_to(np.maximum(np.asarray(dispersion, dtype=float), _SMALLEST_DISPERSION), (units,))
    products = (design[:, :, None] * design[:, None, :]).reshape(samples, -1).T
    coefficients = _start(counts, ambient, design, offset) if start is None else start.copy()
    own = _own(design, offset, coefficients)
    deviance = _deviance(counts, own + ambient, size)
    active = np.arange(units)
    for _ in range(_ITERATIONS):
        if not len(active):
            break
        everything = len(active) == units
        y, leak, phi = (counts, ambient, size) if everything else (counts[:, active], ambient[:, active], size[active])
        current, at = (coefficients, own) if everything else (coefficients[:, active], own[:, active])
        step = _scoring_step(y, leak, phi, at, design, products)
        before = deviance[active]
        tolerated = _ROUNDING * (0.1 + before)
        moved = _own(design, offset, current + step)
        after = _deviance(y, moved + leak, phi)
        for _ in range(_HALVINGS):
            worse = np.flatnonzero(after > before + tolerated)
            if not len(worse):
                break
            step[:, worse] /= 2
            moved[:, worse] = _own(design, offset, current[:, worse] + step[:, worse])
            after[worse] = _deviance(y[:, worse], moved[:, worse] + leak[:, worse], phi[worse])
        better = after <= before + tolerated
        accepted = active[better]
        coefficients[:, accepted] += step[:, better]
        own[:, accepted] = moved[:, better]
        deviance[accepted] = after[better]
        active = active[(before - after > _TOLERANCE * (0.1 + before)) & better]
    mean = own + ambient
    weights = own * own / (mean * (1 + size * mean))
    information = (products @ weights).T.reshape(units, *2 * [design.shape[1]])
    return NegativeBinomialFit(coefficients, own, mean, deviance, weights, information)


def _start(counts: Floats, ambient: Floats, design: Floats, offset: Floats) -> Floats:
    """Return least-squares coefficients of log counts above leakage."""
    relative = np.exp(offset - offset.mean())[:, None]
    level = np.log(np.maximum(counts - ambient, 0) + _START * relative) - offset[:, None]
    return np.asarray(np.linalg.lstsq(design, level, rcond=None)[0])


def _own(design: Floats, offset: Floats, coefficients: Floats) -> Floats:
    return np.exp(np.maximum(design @ coefficients + offset[:, None], _LOWEST_PREDICTOR))


def _deviance(counts: Floats, mean: Floats, size: Floats) -> Floats:
    return np.asarray(unit_deviance(counts, mean, size).sum(axis=0))


def _scoring_step(
    counts: Floats, ambient: Floats, size: Floats, own: Floats, design: Floats, products: Floats
) -> Floats:
    """Return the step of Fisher scoring, p × G, no linear predictor moving further than the longest step."""
    mean = own + ambient
    relative = own / (mean * (1 + size * mean))
    information = (products @ (own * relative)).T.reshape(-1, design.shape[1], design.shape[1])
    score = design.T @ (relative * (counts - mean))
    step = np.einsum("gpq,qg->pg", _inverse(information), score)
    longest = np.abs(design @ step).max(axis=0)
    return np.asarray(step * np.minimum(1.0, _LONGEST_STEP / np.maximum(longest, 1e-300)))


def _inverse(information: Floats) -> Floats:
    """Invert the information of each unit, damped so that arms without transcripts of their own stay invertible."""
    width = information.shape[1]
    largest = np.einsum("gpp->gp", information).max(axis=1, initial=0.0)
    damping = np.maximum(_DAMPING * largest, 1e-200)
    return np.asarray(np.linalg.inv(information + damping[:, None, None] * np.eye(width)))
