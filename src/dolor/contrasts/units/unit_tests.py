"""Which units are tested, and how many tests of sex are allowed for.

A unit is a ligand in its sender or a receptor in its receiver. Each is tested once, whatever the number of its
partners.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dolor.core.multiple_testing import benjamini_hochberg

__all__ = ["enough_counts", "most_true_together", "stagewise_qvalues"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MIN_CELLS = 10
MIN_COUNT = 2.0
MIN_TOTAL = 10.0


def enough_counts(
    counts: Floats, library: Floats, smallest_group: int, *, min_count: float = MIN_COUNT, min_total: float = MIN_TOTAL
) -> Bools:
    """Say which units have enough counts to be tested, without looking at the groups of the samples.

    The rule of edgeR's ``filterByExpr``: at least ``smallest_group`` samples reach ``min_count`` relative to a library
    of median size, and all samples together have ``min_total``.

    Parameters
    ----------
    counts
        S × G. Where leakage is known, counts above the expected leakage.
    library
        S, library sizes.
    smallest_group
        Number of samples of the smallest group of the design. Only this number is taken from the design.
    min_count, min_total
        The limits, in counts.

    Returns
    -------
    G.

    Examples
    --------
    >>> enough_counts(np.array([[5.0, 0.0], [6.0, 1.0]]), np.array([100.0, 100.0]), 2).tolist()
    [True, False]
    """
    counted = library > 0
    if not counted.any():
        return np.zeros(counts.shape[1], dtype=bool)
    relative = counts[counted] / library[counted, None]
    least = min_count / float(np.median(library[counted]))
    enough = (relative >= least * (1 - 1e-12)).sum(axis=0) >= max(smallest_group, 1)
    return np.asarray(enough & (counts.sum(axis=0) >= min_total * (1 - 1e-12)))


def most_true_together(contrasts: Floats) -> int:
    """Return how many contrasts can be 0 at once although not all are.

    Those that span what all of them span cannot all be 0 unless everything is. So of sex, sex in each of two
    conditions, and interaction at most one can be 0 once one is known not to be.

    Parameters
    ----------
    contrasts
        M × p.

    Examples
    --------
    >>> most_true_together(np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]))
    1
    """
    whole = np.linalg.matrix_rank(contrasts)
    for size in range(len(contrasts) - 1, 0, -1):
        for chosen in combinations(range(len(contrasts)), size):
            if np.linalg.matrix_rank(contrasts[list(chosen)]) < whole:
                return size
    return 0


def stagewise_qvalues(omnibus: Floats, pvalues: Floats, most_true: int | None = None) -> Floats:
    """Adjust in two stages: units by their omnibus test (Benjamini-Hochberg), then the contrasts of a unit by Holm.

    Parameters
    ----------
    omnibus
        G, p-value of each unit for all its contrasts together; NaN where not tested.
    pvalues
        M × G, p-values of the contrasts; NaN where not tested.
    most_true
        How many contrasts can be 0 at once in a unit where not all are (:func:`most_true_together`); Holm's factors
        never exceed it. None: all but one.

    Returns
    -------
    M × G: the smallest level at which both stages call the contrast; NaN where the contrast or its unit is not tested.
    Calling what is at most q keeps at q the expected share, among the units with a call, of those with a wrong call.

    References
    ----------
    Heller, R., Manduchi, E., Grant, G. R. and Ewens, W. J. (2009), Bioinformatics 25, 1019-1025.
    Shaffer, J. P. (1986), Journal of the American Statistical Association 81, 826-831.

    Examples
    --------
    >>> stagewise_qvalues(np.array([0.001, 0.5]), np.array([[0.001, 0.5], [0.6, 0.7]])).round(3).tolist()
    [[0.002, 0.5], [0.6, 0.7]]
    """
    tested = np.isfinite(pvalues) & np.isfinite(omnibus)
    number = tested.sum(axis=0)
    values = np.where(tested, pvalues, np.inf)
    order = np.argsort(values, axis=0, kind="stable")
    ascending = np.take_along_axis(values, order, axis=0)
    most = np.maximum(number - 1 if most_true is None else np.minimum(most_true, number - 1), 1)
    factor = np.clip(number - np.arange(len(pvalues))[:, None], 1, most)
    holm = np.maximum.accumulate(np.where(np.isfinite(ascending), ascending * factor, np.inf), axis=0)
    screening = benjamini_hochberg(np.where(number > 0, omnibus, np.nan))
    within = np.full(pvalues.shape, np.nan)
    np.put_along_axis(within, order, _level_reaching(holm, screening), axis=0)
    with np.errstate(invalid="ignore"):
        adjusted = np.minimum(np.maximum(within, screening), 1.0)
    return np.where(tested, adjusted, np.nan)


def _level_reaching(target: Floats, screening: Floats) -> Floats:
    """Return the smallest level q at which q times the share of units that pass the screening reaches a target."""
    passing = np.sort(screening[np.isfinite(screening)])
    if not len(passing):
        return np.full_like(target, np.nan)
    count = np.arange(1, len(passing) + 1)
    # From passing[r - 1] on, r units pass; the product then grows up to where the next one joins.
    reached = np.append(passing[1:], np.inf) * count
    wanted = target * len(passing)
    first = np.minimum(np.searchsorted(reached, wanted, side="right"), len(passing) - 1)
    level: Floats = np.maximum(passing[first], wanted / count[first])
    return level
