"""Quasi-likelihood tests of negative-binomial fits: one dispersion for all units, a moderated scale for each.

The dispersion of the counts is common to the units of a population. What a unit scatters beyond it, its
quasi-dispersion, is estimated from deviances corrected for small counts and drawn towards a trend over the units
(empirical Bayes).

References
----------
Lund, S. P., Nettleton, D., McCarthy, D. J. and Smyth, G. K. (2012), Statistical Applications in Genetics and Molecular
Biology 11(5), article 8.
Chen, Y., Chen, L., Lun, A. T. L., Baldoni, P. and Smyth, G. K. (2025), edgeR v4, Nucleic Acids Research 53(2), gkaf018,
doi:10.1093/nar/gkaf018.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dolor.contrasts.units.deviance_moments import deviance_moments
from dolor.contrasts.units.dispersion_prior import DispersionPrior, fit_dispersion_prior, no_prior
from dolor.contrasts.units.negative_binomial import NegativeBinomialFit, fit_negative_binomial, unit_deviance

__all__ = ["UnitFit", "UnitTests", "contrast_tests", "fit_units", "joint_pvalues"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_RANK_TOLERANCE = 1e-8
# Counts added to every sample for the estimate of the effect (not for the test), relative to its library.
_PRIOR_COUNT = 0.125
_DISPERSIONS = (1e-4, 4.0)
_FEWEST_TO_LEARN = 10
# Below this quasi-dispersion of all units, replicates are copies of one sample, which no test can be based on.
_NO_VARIATION = 1e-6
_MOST_TO_LEARN = 400


@dataclass(frozen=True)
class UnitFit:
    """Fits of G units of one population.

    ``dispersion`` common to all units; ``prior``, the trend of the quasi-dispersions; ``quasi_dispersion`` and ``df``
    (G), moderated; ``columns`` (S × rank) and ``rows`` (p × rank), the design in a basis of its own. ``testable``
    (G): units with counts, where residual degrees of freedom are left.
    """

    counts: Floats
    offset: Floats
    leaked: Floats | None
    design: Floats
    columns: Floats
    rows: Floats
    dispersion: float
    prior: DispersionPrior
    quasi_dispersion: Floats
    df: Floats
    testable: Bools
    full: NegativeBinomialFit
    shrunk: NegativeBinomialFit


@dataclass(frozen=True)
class UnitTests:
    """Tests of M contrasts of G units (each M × G): ``effect`` and ``se`` in log2, ``statistic``, ``df``, ``pvalue``.

    ``statistic`` is the signed root of the quasi-likelihood F statistic, so it is read against t with ``df``.
    All are NaN where a contrast is not estimable or a unit has no counts; without residual degrees of freedom only the
    effect is there.
    """

    effect: Floats
    se: Floats
    statistic: Floats
    df: Floats
    pvalue: Floats


def fit_units(
    counts: Floats,
    design: Floats,
    offset: Floats,
    leaked: Floats | None = None,
    learn_from: Bools | None = None,
) -> UnitFit:
    """Fit all units of one population.

    Parameters
    ----------
    counts
        S × G, summed counts of the cells of a population in each sample.
    design
        S × p; may be rank deficient.
    offset
        S, natural log of the library size (of the cells' own transcripts).
    leaked
        S × G, expected ambient transcripts, added to the mean. None: none.
    learn_from
        G; units that the dispersion and its trend are learned from. None: all with counts.

    Returns
    -------
    The fits, to be tested by :func:`contrast_tests`.

    Raises
    ------
    ValueError
        Shapes do not agree, or a value is negative or not finite.
    """
    counts, leaked = _checked(counts, design, offset, leaked)
    columns, rows = _basis(design)
    counted = np.asarray((counts > 0).any(axis=0))
    residual = columns.shape[0] - columns.shape[1]
    used = counted if learn_from is None else np.logical_and(counted, learn_from)
    abundance = _abundance(counts, offset, leaked)
    dispersion = _common_dispersion(counts, columns, offset, leaked, used, abundance) if residual > 0 else 0.1
    added = _PRIOR_COUNT * np.exp(offset - np.log(np.exp(offset).mean()))[:, None]
    shrunk = fit_negative_binomial(counts + added, columns, offset, dispersion, leaked)
    full = fit_negative_binomial(counts, columns, offset, dispersion, leaked, shrunk.coefficients)
    scale, df = _quasi_dispersion(counts, full, columns, dispersion)
    informative = used & (df > 0)
    varied = bool((scale[informative] > _NO_VARIATION).any())
    testable = counted & (residual > 0) & (varied or not informative.any())
    if varied and informative.sum() >= _FEWEST_TO_LEARN:
        prior = fit_dispersion_prior(scale, df, abundance, used)
    else:
        prior = no_prior(counts.shape[1])
    posterior, total = prior.moderate(scale, df, float(df[used].sum()))
    return UnitFit(
        counts, offset, leaked, design, columns, rows, dispersion, prior, posterior, total, testable, full, shrunk
    )


def contrast_tests(fit: UnitFit, contrasts: Floats) -> UnitTests:
    """Test each contrast of each unit.

    Parameters
    ----------
    fit
        Fits of one population.
    contrasts
        M × p, weights of the coefficients of the design.

    Returns
    -------
    The tests.
    """
    shape = (len(contrasts), fit.counts.shape[1])
    effect, se, statistic, df, pvalue = (np.full(shape, np.nan) for _ in range(5))
    counted = (fit.counts > 0).any(axis=0)
    for row, contrast in enumerate(contrasts):
        if not _is_estimable(contrast, fit.design):
            continue
        weights = _in_basis(contrast, fit)
        effect[row, counted] = (weights @ fit.shrunk.coefficients)[counted] / np.log(2)
        if not fit.testable.any():
            continue
        spread = np.sqrt(fit.shrunk.variance(weights) * fit.quasi_dispersion) / np.log(2)
        root = np.sqrt(_lost_deviance(fit, weights[None]) / fit.quasi_dispersion)
        tail = 2 * special.stdtr(fit.df, -root)
        signed = np.where(effect[row] < 0, -root, root)
        for target, values in ((se, spread), (statistic, signed), (df, fit.df), (pvalue, tail)):
            target[row, fit.testable] = values[fit.testable]
    return UnitTests(effect, se, statistic, df, np.minimum(pvalue, 1.0))


def joint_pvalues(fit: UnitFit, contrasts: Floats) -> Floats:
    """Return the p-value (quasi-likelihood F) of each unit for the hypothesis that all contrasts are 0.

    Parameters
    ----------
    fit
        Fits of one population.
    contrasts
        M × p; those that are not estimable are left out, those that follow from others add nothing.

    Returns
    -------
    G; NaN where nothing can be tested.
    """
    pvalue = np.full(fit.counts.shape[1], np.nan)
    kept = np.array([weights for weights in contrasts if _is_estimable(weights, fit.design)])
    if not len(kept) or not fit.testable.any():
        return pvalue
    weights = _in_basis(kept, fit)
    number = int(np.linalg.matrix_rank(weights, tol=1e-9))
    ratio = _lost_deviance(fit, weights) / number / fit.quasi_dispersion
    pvalue[fit.testable] = special.fdtrc(number, fit.df, ratio)[fit.testable]
    return pvalue


def _checked(counts: Floats, design: Floats, offset: Floats, leaked: Floats | None) -> tuple[Floats, Floats | None]:
    """Check shapes and values; return counts and leakage as floating-point numbers."""
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 2 or design.ndim != 2 or len(counts) != len(design) or offset.shape != (len(counts),):
        raise ValueError("counts (samples × units), design (samples × coefficients) and offset (samples) disagree")
    if leaked is not None and np.shape(leaked) != counts.shape:
        raise ValueError("leaked and counts must have the same shape")
    leaked = None if leaked is None else np.asarray(leaked, dtype=float)
    for name, values in (("counts", counts), ("leaked", leaked)):
        if values is not None and not (np.isfinite(values).all() and (values >= 0).all()):
            raise ValueError(f"{name} must be finite and 0 or more")
    if not (np.isfinite(design).all() and np.isfinite(offset).all()):
        raise ValueError("design and offset must be finite")
    return counts, leaked


def _basis(design: Floats) -> tuple[Floats, Floats]:
    """Return a basis of the design, and what brings contrasts of coefficients to it.

    Where the design only tells groups of samples apart, the basis is the groups in the order of their first samples: it
    is the same to the last digit however the groups are coded, so that swapping two of them swaps signs and no more.
    """
    left, singular, right = np.linalg.svd(design, full_matrices=False)
    rank = int((singular > _RANK_TOLERANCE * max(singular.max(initial=0.0), 1.0)).sum())
    groups, first, member = np.unique(design, axis=0, return_index=True, return_inverse=True)
    if len(groups) == rank:
        order = np.argsort(first)
        columns = (member.reshape(-1, 1) == order[None]).astype(float)
        return columns, np.asarray(np.linalg.pinv(groups[order]), dtype=float)
    return left[:, :rank], right[:rank].T / singular[:rank]


def _in_basis(contrasts: Floats, fit: UnitFit) -> Floats:
    """Return contrasts of coefficients as contrasts of the basis, without the noise of rounding."""
    return np.asarray(np.round(contrasts @ fit.rows, 12))


def _is_estimable(contrast: Floats, design: Floats) -> bool:
    _, singular, right = np.linalg.svd(design, full_matrices=False)
    kept = right[singular > _RANK_TOLERANCE * max(singular.max(initial=0.0), 1.0)]
    outside = contrast - (contrast @ kept.T) @ kept
    return bool(np.abs(outside).max(initial=0.0) < 1e-6 and np.abs(contrast).max(initial=0.0) > 0)


def _abundance(counts: Floats, offset: Floats, leaked: Floats | None) -> Floats:
    """Return the log of each unit's counts per sample, half a count added; what the trend runs over."""
    library = np.exp(offset)
    per_library = (counts.sum(axis=0) + 0.5) / library.sum()
    return np.asarray(np.log(per_library * np.exp(offset.mean())))


def _common_dispersion(
    counts: Floats, columns: Floats, offset: Floats, leaked: Floats | None, used: Bools, abundance: Floats
) -> float:
    """Find the dispersion at which the quasi-dispersion of the more abundant units is 1 on average."""
    if used.sum() < _FEWEST_TO_LEARN:
        chosen = np.flatnonzero(used)
    else:
        chosen = np.flatnonzero(used & (abundance >= np.quantile(abundance[used], 0.5)))
    if not len(chosen):
        return 0.1
    # One number is estimated; beyond some hundred units more of them only take time. They are taken by abundance (ties
    # by their spread), so that the order of genes in a file decides nothing.
    chosen = chosen[np.lexsort(((counts[:, chosen] ** 2).sum(axis=0), abundance[chosen]))]
    chosen = chosen[:: -(-len(chosen) // _MOST_TO_LEARN)]
    own, ambient = counts[:, chosen], None if leaked is None else leaked[:, chosen]

    def excess(log_dispersion: float) -> float:
        value = float(np.exp(log_dispersion))
        fitted = fit_negative_binomial(own, columns, offset, value, ambient)
        scale, df = _quasi_dispersion(own, fitted, columns, value)
        # The most variable twentieth is no guide to what is common.
        kept = scale <= np.quantile(scale, 0.95)
        total = float(df[kept].sum())
        return float(np.log(max((scale * df)[kept].sum() / max(total, 1e-300), 1e-12)))

    low, high = (float(np.log(bound)) for bound in _DISPERSIONS)
    return float(np.exp(_crossing(excess, low, high)))


def _crossing(excess: Callable[[float], float], low: float, high: float) -> float:
    """Find where a falling function crosses 0 by false position (Illinois); the nearer end where it does not."""
    at_low, at_high = excess(low), excess(high)
    if at_low <= 0:
        return low
    if at_high >= 0:
        return high
    side = 0
    middle = low
    for _ in range(20):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        value = excess(middle)
        if abs(value) < 1e-3:
            break
        if value > 0:
            low, at_low = middle, value
            at_high, side = (at_high / 2, 1) if side == 1 else (at_high, 1)
        else:
            high, at_high = middle, value
            at_low, side = (at_low / 2, -1) if side == -1 else (at_low, -1)
    return middle


def _quasi_dispersion(
    counts: Floats, fitted: NegativeBinomialFit, columns: Floats, dispersion: float
) -> tuple[Floats, Floats]:
    """Return each unit's quasi-dispersion and the degrees of freedom that its counts carry."""
    deviance = unit_deviance(counts, fitted.mean, dispersion)
    mean, variance = deviance_moments(fitted.mean, dispersion)
    free = 1 - fitted.leverage(columns)
    df = (free * 2 * mean**2 / variance).sum(axis=0)
    total = (deviance * 2 * mean / variance).sum(axis=0)
    return total / np.maximum(df, 1e-6), df


def _lost_deviance(fit: UnitFit, weights: Floats) -> Floats:
    """Return by how much the deviance grows where the contrasts are held at 0."""
    # A contrast and its negative are one hypothesis, and get the same numbers to the last digit.
    sign = np.sign(weights[np.arange(len(weights)), np.abs(weights).argmax(axis=1)])
    _, singular, right = np.linalg.svd(weights * sign[:, None], full_matrices=True)
    rank = int((singular > 1e-9 * singular.max(initial=1e-300)).sum())
    remaining = fit.columns @ right[rank:].T
    start = right[rank:] @ fit.shrunk.coefficients
    null = fit_negative_binomial(fit.counts, remaining, fit.offset, fit.dispersion, fit.leaked, start)
    return np.maximum(null.deviance - fit.full.deviance, 0.0)
