"""How large a change would have been seen, and how many animals it takes to see one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["animals_needed", "power_of", "smallest_detectable"]

Floats = NDArray[np.float64]

_STEPS = 60


def power_of(effect: Floats, se: Floats, df: Floats, alpha: float = 0.05) -> Floats:
    """Return the power of a two-sided t-test for a true effect.

    Parameters
    ----------
    effect, se
        True change and its standard error, on one scale (log2).
    df
        Degrees of freedom of the standard error.
    alpha
        Level of the test. After adjustment for many tests, take the largest p-value that is still called.

    Examples
    --------
    >>> power_of(np.array([0.0]), np.array([1.0]), np.array([10.0])).round(3).tolist()
    [0.05]
    """
    critical = special.stdtrit(df, 1 - alpha / 2)
    shift = np.abs(effect) / se
    upper = 1 - special.nctdtr(df, shift, critical)
    lower = special.nctdtr(df, shift, -critical)
    return np.asarray(np.clip(upper + np.nan_to_num(lower), 0.0, 1.0))


def smallest_detectable(se: Floats, df: Floats, alpha: float = 0.05, power: float = 0.8) -> Floats:
    """Return the smallest true change that would be called with a given power.

    Parameters
    ----------
    se, df
        Standard error (log2) and degrees of freedom of each unit's test; NaN where not tested.
    alpha, power
        Level of the test and power wanted.

    Returns
    -------
    In the unit of ``se``; NaN where not tested. The standard error is taken as it is: of a unit that would fall below
    detection no larger scatter is foreseen.

    Examples
    --------
    >>> smallest_detectable(np.array([0.25]), np.array([20.0])).round(2).tolist()
    [0.74]
    """
    low, high = np.zeros_like(se), np.full_like(se, 1000.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        reached = power_of(middle, np.ones_like(se), df, alpha) >= power
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.where(np.isfinite(se) & np.isfinite(df), high * se, np.nan)


def animals_needed(
    change: float,
    count: float,
    dispersion: float,
    quasi_dispersion: float = 1.0,
    *,
    arms: tuple[float, ...] = (1.0, -1.0),
    prior_df: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    most: int = 1000,
) -> int | None:
    """Return how many animals per arm a contrast needs.

    Parameters
    ----------
    change
        True value of the contrast, log2.
    count
        Mean count of the unit per sample.
    dispersion, quasi_dispersion
        Of a fit to similar data (:class:`dolor.contrasts.units.quasi_likelihood.UnitFit`).
    arms
        Weight of each arm in the contrast: ``(1, -1)`` for two conditions; ``(.5, .5, -.5, -.5)`` for condition over
        both sexes; ``(1, -1, -1, 1)`` for the interaction.
    prior_df
        Degrees of freedom that moderation adds.
    alpha, power
        Level of the test and power wanted.
    most
        Where to stop.

    Returns
    -------
    Animals per arm, at least 2; None if ``most`` are too few.

    Examples
    --------
    >>> animals_needed(1.0, 50.0, 0.1)
    6
    """
    variance = quasi_dispersion * (1 / count + dispersion) * float(np.square(arms).sum()) / np.log(2) ** 2
    sizes = np.arange(2, most + 1)
    df = np.asarray(len(arms) * (sizes - 1.0) + prior_df)
    se = np.asarray(np.sqrt(variance / sizes), dtype=float)
    enough = power_of(np.full(len(sizes), change), se, df, alpha) >= power
    return int(sizes[enough][0]) if enough.any() else None
