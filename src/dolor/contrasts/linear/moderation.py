"""How precise each score of a replicate is: few cells and few counts scatter more than the replicates themselves.

The variance of a log expression is taken as ``biological(level) + a / expected counts + b / cells``. The three parts
are fitted to the squared residuals of all genes together. Because ``a`` and ``b`` are fitted and not assumed, cells
counted twice change nothing: the counts double and the coefficients with them.

Empirical-Bayes moderation: the variance of one test borrows strength from all tests.

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
from scipy.optimize import nnls

from dolor.contrasts.expression_array import Supply
from dolor.contrasts.linear.linear_model import basis
from dolor.core.normalize import TARGET
from dolor.pseudobulk.expression import PRIOR

__all__ = ["Prior", "expected_variance", "fit_prior", "moderate", "natural_spline", "trigamma_inverse"]

Floats = NDArray[np.float64]

_LEVELS = 10
_SMALLEST_EXPECTED = 1e-3


def expected_variance(supply: Supply, design: Floats, expressed: NDArray[np.bool_]) -> Floats:
    """Estimate the variance of every log expression around the design.

    Parameters
    ----------
    supply
        Expression of U units by S replicates and T cell types.
    design
        S × coefficients.
    expressed
        T × U: the pairs to learn from; the others say nothing about noise.

    Returns
    -------
    S × T × U, positive; NaN where the cell type is absent. Constant where there are no residual degrees of freedom.
    """
    sampling, cells = _sampling_terms(supply)
    level = np.log(supply.pooled + PRIOR)
    squares, remaining = _squared_residuals(supply, design)
    usable = expressed[None] & np.isfinite(squares) & (remaining > 0.1)[:, :, None]
    present = supply.cells > 0
    if usable.sum() < 10 * _LEVELS:
        return np.where(present[:, :, None], 1.0, np.nan) * np.ones_like(supply.log2)
    centers = np.unique(np.quantile(level[expressed], np.linspace(0, 1, _LEVELS)))
    share = np.broadcast_to(remaining[:, :, None], squares.shape)[usable]
    tents = _tents(level.ravel(), centers)
    place = np.broadcast_to(np.arange(level.size).reshape(level.shape), squares.shape)[usable]
    terms = np.column_stack([tents[place], sampling[usable], np.broadcast_to(cells[:, :, None], squares.shape)[usable]])
    coefficients = _fit_positive(terms, squares[usable] / share, share)
    biological = (tents @ coefficients[: len(centers)]).reshape(level.shape)
    variance = biological + coefficients[-2] * sampling + coefficients[-1] * cells[:, :, None]
    typical = float(np.median(variance[usable]))
    return np.where(present[:, :, None], np.maximum(variance, _SMALLEST_EXPECTED * typical), np.nan)


def _sampling_terms(supply: Supply) -> tuple[Floats, Floats]:
    """Return the Poisson variance of the log at the pooled level (S × T × U), and one over the cells (S × T)."""
    with np.errstate(divide="ignore"):
        per_count = np.where(supply.totals > 0, TARGET / supply.totals, np.nan)
        per_cell = np.where(supply.cells > 0, 1 / supply.cells, np.nan)
    slope = 1 / (np.log(2) * (supply.pooled + PRIOR))
    return supply.pooled[None] * slope[None] ** 2 * per_count[:, :, None], per_cell


def _squared_residuals(supply: Supply, design: Floats) -> tuple[Floats, Floats]:
    """Return squared residuals of unweighted fits, and what part of the variance each residual keeps (S × T)."""
    squares = np.full(supply.log2.shape, np.nan)
    remaining = np.zeros(supply.cells.shape)
    for cell_type in range(supply.cells.shape[1]):
        present = supply.cells[:, cell_type] > 0
        if not present.any():
            continue
        columns, _ = basis(design[present])
        values = supply.log2[present, cell_type]
        squares[present, cell_type] = (values - columns @ (columns.T @ values)) ** 2
        remaining[present, cell_type] = 1 - (columns**2).sum(axis=1)
    return squares, remaining


def _tents(values: Floats, centers: Floats) -> Floats:
    """Return the weights of linear interpolation between the centers; flat beyond them."""
    return np.column_stack([np.interp(values, centers, unit) for unit in np.eye(len(centers))])


def _fit_positive(terms: Floats, response: Floats, weights: Floats) -> Floats:
    """Fit coefficients that cannot be negative by least squares on the normal equations, which stay small."""
    gram = terms.T @ (terms * weights[:, None])
    moment = terms.T @ (response * weights)
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    root = np.linalg.cholesky(gram / np.outer(scale, scale) + 1e-10 * np.eye(len(gram)))
    coefficients, _ = nnls(root.T, np.linalg.solve(root, moment / scale))
    fitted: Floats = coefficients / scale
    return fitted


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
