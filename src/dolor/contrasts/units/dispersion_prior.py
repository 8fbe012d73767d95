"""What the units of a population say about each other's quasi-dispersion: a trend over abundance and its certainty.

A quasi-dispersion is taken as scale × F(df, prior df), the scale following a smooth trend. Both are fitted by maximum
likelihood, which allows degrees of freedom that differ between units and are well below 1 (small counts), and is little
moved by single units that vary much.

References
----------
Smyth, G. K. (2004), Statistical Applications in Genetics and Molecular Biology 3(1), article 3.
Phipson, B., Lee, S., Majewski, I. J., Alexander, W. S. and Smyth, G. K. (2016), Annals of Applied Statistics 10(2),
946-963, doi:10.1214/16-AOAS920.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["DispersionPrior", "fit_dispersion_prior", "no_prior"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_PRIOR_DFS = np.geomspace(1.0, 200.0, 28)
_FEWEST_FOR_TREND = 40
_SMALLEST_DF = 0.05


@dataclass(frozen=True)
class DispersionPrior:
    """Degrees of freedom of the prior (0: no prior) for most units and for each (``unit_df``, G), and its scale (G).

    Units that vary far more than the others, such as markers of a state whose share differs between animals, are drawn
    towards the trend less.
    """

    df: float
    scale: Floats
    unit_df: Floats

    def moderate(self, quasi_dispersion: Floats, df: Floats, most: float) -> tuple[Floats, Floats]:
        """Average each quasi-dispersion with the prior by degrees of freedom.

        Parameters
        ----------
        quasi_dispersion, df
            G each.
        most
            The degrees of freedom of all units together, which a moderated one cannot exceed.

        Returns
        -------
        quasi_dispersion, df : moderated, G each
        """
        total = np.maximum(df + self.unit_df, 1e-6)
        moderated = (self.unit_df * self.scale + df * quasi_dispersion) / total
        return np.maximum(moderated, 1e-8), np.minimum(total, max(most, 1e-6))


def fit_dispersion_prior(quasi_dispersion: Floats, df: Floats, covariate: Floats, used: Bools) -> DispersionPrior:
    """Fit the prior.

    Parameters
    ----------
    quasi_dispersion, df
        G each.
    covariate
        G, what the scale may depend on, such as log abundance.
    used
        G; units to learn from. Those with next to no degrees of freedom are passed over.

    Returns
    -------
    The prior, with a scale for every unit, used or not.
    """
    learn = used & (df >= _SMALLEST_DF)
    if learn.sum() < 3:
        return no_prior(len(quasi_dispersion))
    spline = _spline(covariate, covariate[learn], trend=learn.sum() >= _FEWEST_FOR_TREND)
    value, freedom, terms = quasi_dispersion[learn], df[learn], spline[learn]
    start = np.zeros(terms.shape[1])
    start[0] = np.log(max(float((value * freedom).sum() / freedom.sum()), 1e-8))
    best = (-np.inf, start, float(_PRIOR_DFS[0]))
    for prior_df in _PRIOR_DFS[::-1]:
        start = _fit_trend(value, freedom, terms, float(prior_df), start)
        likelihood = _log_likelihood(value, freedom, np.clip(terms @ start, -20, 20), float(prior_df))
        if likelihood > best[0]:
            best = (likelihood, start, float(prior_df))
    scale = np.exp(np.clip(spline @ best[1], -20, 20))
    return DispersionPrior(best[2], scale, _without_outliers(quasi_dispersion / scale, df, best[2]))


def no_prior(units: int) -> DispersionPrior:
    """Return a prior that leaves every unit as it is."""
    return DispersionPrior(0.0, np.ones(units), np.zeros(units))


def _without_outliers(ratio: Floats, df: Floats, prior_df: float) -> Floats:
    """Lower the prior's degrees of freedom where a unit varies more than the largest of so many would by chance."""
    tail = special.fdtrc(np.maximum(df, 1e-3), prior_df, ratio)
    smallest = max(float(tail.min()), 1e-300)
    if smallest >= 0.5:
        return np.full(len(ratio), prior_df)
    order = np.argsort(tail, kind="stable")
    expected = (np.arange(len(ratio)) + 0.5) / len(ratio)
    usual = np.empty(len(ratio))
    usual[order] = np.maximum.accumulate(np.minimum(tail[order] / expected, 1.0))
    # With these degrees of freedom the most extreme unit would be the median.
    of_outliers = float(np.log(0.5) / np.log(smallest)) * prior_df
    return usual * prior_df + (1 - usual) * min(of_outliers, prior_df)


def _fit_trend(value: Floats, df: Floats, terms: Floats, prior_df: float, start: Floats) -> Floats:
    """Fit the log scale at given degrees of freedom of the prior by Fisher scoring."""
    weights = df * prior_df / (2 * (df + prior_df + 2))
    solve = np.linalg.pinv(terms.T @ (terms * weights[:, None]))
    coefficients = start
    for _ in range(30):
        ratio = df * value / (prior_df * np.exp(np.clip(terms @ coefficients, -20, 20)))
        score = -df / 2 + (df + prior_df) / 2 * ratio / (1 + ratio)
        step = solve @ (terms.T @ score)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-6:
            break
    return coefficients


def _log_likelihood(value: Floats, df: Floats, log_scale: Floats, prior_df: float) -> float:
    """Return the log-likelihood of the F density, without what depends on the degrees of freedom of the units alone."""
    ratio = df * value / (prior_df * np.exp(log_scale))
    parts = (
        special.gammaln((df + prior_df) / 2)
        - special.gammaln(prior_df / 2)
        - df / 2 * (np.log(prior_df) + log_scale)
        - (df + prior_df) / 2 * np.log1p(ratio)
    )
    return float(parts.sum())


def _spline(covariate: Floats, learned: Floats, *, trend: bool) -> Floats:
    """Return a natural cubic spline with knots at the extremes and terciles of what is learned; flat beyond them."""
    low, high = float(learned.min()), float(learned.max())
    if not trend or high - low < 1e-8:
        return np.ones((len(covariate), 1))
    scaled = (np.clip(covariate, low, high) - low) / (high - low)
    knots = np.unique(np.quantile((learned - low) / (high - low), np.linspace(0, 1, 4)))
    columns = [np.ones_like(scaled), scaled - 0.5]
    if len(knots) > 2:
        last = _cubic(scaled, knots[-2], knots[-1])
        columns += [_cubic(scaled, knot, knots[-1]) - last for knot in knots[:-2]]
    return np.column_stack(columns)


def _cubic(values: Floats, knot: float, end: float) -> Floats:
    result: Floats = (np.maximum(values - knot, 0) ** 3 - np.maximum(values - end, 0) ** 3) / (end - knot)
    return result
