"""Robust rank aggregation of several methods, as LIANA does it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["DETECTION", "MAGNITUDES", "SPECIFICITIES", "rank_aggregate"]

Floats = NDArray[np.float64]

MAGNITUDES = ("lr_means", "expr_prod", "lrscore")
# Besides these, the p-value counts; it alone is better when small.
SPECIFICITIES = ("spec_weight", "scaled_weight", "lr_logfc")
# Interactions with a side detected in fewer of the cells have no rank.
DETECTION = 0.1


def rank_aggregate(scores: Sequence[Floats], ranked: NDArray[np.bool_]) -> Floats:
    """Combine the ranks of several scores to one small-is-strong number.

    Parameters
    ----------
    scores
        Scores of equal shape, large is strong.
    ranked
        Which interactions take part; the others get NaN.

    Returns
    -------
    For each interaction the smallest probability that the k-th best of as many random ranks were as good, times the
    number of scores, at most 1.

    Examples
    --------
    >>> one = np.array([3.0, 2.0, 1.0])
    >>> rank_aggregate([one, one], np.array([True, True, True])).round(3)
    array([0.222, 0.889, 1.   ])
    """
    # Imported where there is something to combine: it takes a quarter of a second.
    from scipy.special import betainc

    result = np.full(ranked.shape, np.nan)
    if not ranked.any():
        return result
    ranks = np.stack([_ranks(-np.asarray(score)[ranked]) for score in scores], axis=-1)
    ranks = np.sort(ranks / ranks.max(axis=0), axis=-1)
    order = np.arange(1, len(scores) + 1)
    rho = betainc(order, len(scores) - order + 1, ranks).min(axis=-1)
    result[ranked] = np.minimum(rho * len(scores), 1.0)
    return result


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean rank; scipy.stats would take longer to import than all scores."""
    _, place, number = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(number) - (number - 1) / 2)[place])
