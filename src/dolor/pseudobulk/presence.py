"""Presence: whether a population holds more of a ligand or receptor than leakage and background explain.

Each (group of samples, population, unit) is tested on sums over the samples of the group. Under the null, the sum has
the mean ``leaked + background``; the leaked part is gamma-Poisson, because its estimate differs from gene to gene. Its
dispersion is estimated from genes that are silent in the population. Pure functions on arrays: K groups, S samples,
T populations, G genes, P parts of units (see :mod:`dolor.pseudobulk.unit_parts`), U units.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dolor.core.errors import UsageError
from dolor.core.multiple_testing import benjamini_hochberg
from dolor.pseudobulk.leakage import SILENT, weighted_median
from dolor.pseudobulk.unit_parts import Parts, combine_pvalues, smallest_subunit, sum_parts

__all__ = ["Presence", "Spread", "Status", "excess_pvalues", "leakage_spread", "presence", "supported"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Transcripts per 10,000: an estimate at or below the floor is too little to matter; the background is what cells hold
# of genes that they do not express.
FLOOR, BACKGROUND = 0.1, 0.05
MIN_CELLS, MIN_SAMPLES, LEVEL = 10, 2, 0.05
# Only genes whose leakage is seen well, and stands out from the background, show how well it is estimated.
_LEAST_LEAKED, _TIMES_BACKGROUND, _FEWEST_GENES = 5.0, 4.0, 10
_FACTOR_RANGE = (1.0, 3.0)
_DISPERSION_IF_UNKNOWN = 0.1
# Median of a chi-square variable with one degree of freedom.
_MEDIAN_SQUARE = 0.454936
_POISSON = 1e-9


class Status(IntEnum):
    """What is known of a unit in a population and group."""

    NOT_JUDGED = 0  # too few samples with enough cells
    UNKNOWN = 1  # leakage cannot be estimated
    ABSENT = 2
    PRESENT = 3


@dataclass(frozen=True)
class Spread:
    """How leakage in a population departs from its estimate, K × T.

    Attributes
    ----------
    factor
        Leaked transcripts seen for each one expected; at least 1.
    dispersion
        Of the gamma-Poisson: the variance of the leaked part is ``mean + dispersion * mean²``.
    n_genes
        Silent genes that showed it. With fewer than ten, factor and dispersion are the group's median.
    """

    factor: Floats
    dispersion: Floats
    n_genes: NDArray[np.intp]


@dataclass(frozen=True)
class Presence:
    """Presence of units, K × T × U.

    Attributes
    ----------
    pvalue, qvalue
        One-sided; 1 where own expression is estimated at no more than the floor or too few samples show an excess. q by
        Benjamini-Hochberg over the populations × units of a group. NaN where not tested.
    status
        Values of :class:`Status`.
    observed, leaked, expected
        Transcripts summed over the group's samples: seen, expected from leakage, expected from leakage and background;
        those of the subunit with the least excess where all of several are needed. NaN where not tested.
    n_samples
        K × T: samples with enough cells and known leakage.
    spread
        How leakage departs from its estimate.
    """

    pvalue: Floats
    qvalue: Floats
    status: NDArray[np.int8]
    observed: Floats
    leaked: Floats
    expected: Floats
    n_samples: NDArray[np.intp]
    spread: Spread


def presence(
    counts: Floats,
    cells: NDArray[np.integer] | Floats,
    library: Floats,
    leaked: Floats,
    groups: Bools,
    parts: Parts | None = None,
    *,
    held_out: Bools | None = None,
    floor: float = FLOOR,
    background: float = BACKGROUND,
    min_cells: int = MIN_CELLS,
    min_samples: int = MIN_SAMPLES,
    level: float = LEVEL,
) -> Presence:
    """Test which units are present in which populations of each group of samples.

    A unit is present if its q-value is at most ``level``, its own expression is estimated above ``floor``, and there is
    an excess in at least ``min_samples`` samples and in most of those where one own transcript or more is expected.

    Parameters
    ----------
    counts
        S × T × G, summed counts.
    cells
        S × T, number of cells.
    library
        S × T, counts over all genes.
    leaked
        S × T × G, expected transcripts from leakage (and doublets) in these sums; NaN where it cannot be estimated.
    groups
        K × S, the samples of each group.
    parts
        How genes make up units; default: each gene is a unit.
    held_out
        G: genes that leakage was not estimated from, which may show its dispersion; default all.
    floor
        Transcripts per 10,000 that are too few to matter.
    background
        Transcripts per 10,000 that cells hold of a gene that they do not express, added to the mean under the null. A
        value equal to ``floor`` makes the test strict: own expression must then significantly exceed the floor.
    min_cells
        Samples with fewer cells of the population are left out.
    min_samples
        Samples that must show an excess; populations with fewer in a group are not judged.
    level
        False discovery rate.

    Examples
    --------
    >>> counts, leaked = np.array([[[9.0, 1.0]], [[12.0, 0.0]]]), np.full((2, 1, 2), 0.5)
    >>> cells, library = np.full((2, 1), 20), np.full((2, 1), 20_000.0)
    >>> found = presence(counts, cells, library, leaked, np.array([[True, True]]))
    >>> [Status(code).name for code in found.status[0, 0]]
    ['PRESENT', 'ABSENT']
    """
    _check(counts, cells, library, leaked, groups, floor=floor, background=background, min_samples=min_samples)
    parts = Parts.of_genes(counts.shape[2]) if parts is None else parts
    enough = np.asarray(cells) >= min_cells
    known: Bools = np.asarray(np.isfinite(leaked).all(axis=2))
    use = (enough & known).astype(float)
    leaked = np.where(known[:, :, None], leaked, 0.0)
    total = _group_sums(library[:, :, None], use, groups)[:, :, 0]
    spread = leakage_spread(
        _group_sums(counts, use, groups), _group_sums(leaked, use, groups), total, background=background, genes=held_out
    )
    counts_of, leaked_of = sum_parts(counts, parts), sum_parts(leaked, parts)
    observed = _group_sums(counts_of, use, groups)
    leak = _group_sums(leaked_of, use, groups) * spread.factor[:, :, None]
    added = np.broadcast_to(background * total[:, :, None] / 1e4, observed.shape)
    own = observed - leak
    holds = np.zeros(observed.shape, dtype=bool)
    for k, members in enumerate(groups):
        factor = spread.factor[k][:, None]
        mean = leaked_of[members] * factor + background * library[members][:, :, None] / 1e4
        holds[k] = supported(counts_of[members], mean, library[members], use[members] > 0, own[k], min_samples)
        holds[k] &= own[k] > floor * total[k][:, None] / 1e4
    dispersion = np.broadcast_to(spread.dispersion[:, :, None], observed.shape)
    pvalue = np.ones(observed.shape)
    pvalue[holds] = excess_pvalues(observed[holds], leak[holds], added[holds], dispersion[holds])
    n_samples = (groups.astype(float) @ use).astype(np.intp)
    pvalue[n_samples < min_samples] = np.nan
    p = combine_pvalues(pvalue, parts)
    q = np.stack([benjamini_hochberg(of_group.ravel()).reshape(of_group.shape) for of_group in p])
    status = _status(q, groups.astype(float) @ enough >= min_samples, level)
    seen_at_all = combine_pvalues(_below_floor(counts_of, library, enough, groups, floor), parts) < 1
    status[(status == Status.UNKNOWN) & ~seen_at_all] = Status.ABSENT
    sums = np.where(np.isnan(pvalue), np.nan, np.stack([observed, leak, leak + added]))
    deciding = smallest_subunit(pvalue, own - added, parts)
    seen, leaked_sum, expected = (np.take_along_axis(value, deciding, axis=-1) for value in sums)
    return Presence(p, q, status, seen, leaked_sum, expected, n_samples, spread)


def _below_floor(counts: Floats, library: Floats, enough: Bools, groups: Bools, floor: float) -> Floats:
    """Return 1 where all transcripts are no more than the floor, so absent however few of them leaked; else 0."""
    use = enough.astype(float)
    total = _group_sums(library[:, :, None], use, groups)
    return np.asarray(_group_sums(counts, use, groups) <= floor * total / 1e4, dtype=float)


def _status(qvalue: Floats, enough: Bools, level: float) -> NDArray[np.int8]:
    """Return the codes of K × T × U, from q-values and from where enough samples have enough cells (K × T)."""
    status = np.where(qvalue <= level, Status.PRESENT, Status.ABSENT)
    status[np.isnan(qvalue)] = Status.UNKNOWN
    status[~enough] = Status.NOT_JUDGED
    return status.astype(np.int8)


def leakage_spread(
    observed: Floats, leaked: Floats, library: Floats, *, background: float = BACKGROUND, genes: Bools | None = None
) -> Spread:
    """Estimate from silent genes how leakage departs from what is expected of it.

    Medians, so that some genes that are not silent after all do no harm.

    Parameters
    ----------
    observed, leaked
        K × T × G, transcripts seen and expected from leakage.
    library
        K × T, counts over all genes.
    background
        Transcripts per 10,000 that a silent gene may show without leakage.
    genes
        G: genes that may be used; default all.
    """
    share = observed / np.maximum(library, 1.0)[:, :, None]
    told = leaked >= np.maximum(_LEAST_LEAKED, _TIMES_BACKGROUND * background * library / 1e4)[:, :, None]
    told &= share <= SILENT * share.max(axis=1, keepdims=True)
    if genes is not None:
        told &= genes
    n_genes = told.sum(axis=2)
    factor, dispersion = np.full(n_genes.shape, np.nan), np.full(n_genes.shape, np.nan)
    for k, t in np.argwhere(n_genes >= _FEWEST_GENES):
        seen, mean = observed[k, t, told[k, t]], leaked[k, t, told[k, t]]
        factor[k, t] = np.clip(weighted_median(seen / mean, mean), *_FACTOR_RANGE)
        scaled = mean * factor[k, t]
        beyond = ((seen - scaled) ** 2 / _MEDIAN_SQUARE - scaled) / scaled**2
        dispersion[k, t] = max(weighted_median(beyond, mean), 0.0)
    return Spread(_filled(factor, 1.0), _filled(dispersion, _DISPERSION_IF_UNKNOWN), n_genes)


def excess_pvalues(observed: Floats, leaked: Floats, background: Floats, dispersion: Floats) -> Floats:
    """Return the probability of as many transcripts or more from leakage and background.

    Parameters
    ----------
    observed
        Transcripts seen.
    leaked, background
        Their means under the null.
    dispersion
        Of the leaked part. The sum is a gamma-Poisson of mean ``leaked + background`` and variance
        ``mean + dispersion * leaked²``.

    Examples
    --------
    >>> poisson = excess_pvalues(np.array([3.0]), np.array([1.0]), np.array([0.0]), np.array([0.0]))
    >>> poisson.round(6).tolist()
    [0.080301]
    """
    mean = leaked + background
    relative = np.divide(dispersion * leaked**2, mean**2, out=np.zeros_like(mean), where=mean > 0)
    result = np.where(observed > 0, 0.0, 1.0)
    poisson = (observed > 0) & (mean > 0) & (relative < _POISSON)
    spread = (observed > 0) & (mean > 0) & ~poisson
    result[poisson] = special.gammainc(observed[poisson], mean[poisson])
    size = 1 / relative[spread]
    result[spread] = special.betainc(observed[spread], size, mean[spread] / (mean[spread] + size))
    return np.asarray(result)


def supported(
    counts: Floats, mean: Floats, library: Floats, use: Bools, own: Floats, min_samples: int = MIN_SAMPLES
) -> Bools:
    """Return whether the samples of one group agree on an excess.

    Parameters
    ----------
    counts, mean
        S × T × P, transcripts seen and their mean under the null.
    library
        S × T, counts over all genes.
    use
        S × T, samples that count.
    own
        T × P, transcripts of the cells' own in the group.
    min_samples
        Samples that must show an excess.
    """
    weight = np.where(use, library, 0.0)
    part = weight / np.maximum(weight.sum(axis=0), 1.0)
    excess = (counts > mean) & use[:, :, None]
    telling = part[:, :, None] * own >= 1.0
    return np.asarray((excess.sum(axis=0) >= min_samples) & (2 * (excess & telling).sum(axis=0) >= telling.sum(axis=0)))


def _group_sums(values: Floats, use: Floats, groups: Bools) -> Floats:
    """Sum S × T × G over the samples of each group that are used, K × T × G."""
    used = values * use[:, :, None]
    summed = groups.astype(float) @ used.reshape(len(used), -1)
    return np.asarray(summed.reshape(len(groups), *used.shape[1:]))


def _filled(values: Floats, otherwise: float) -> Floats:
    """Fill missing values of a population by the median of its group, then of all groups, then a constant."""
    result = values.copy()
    for row in result:
        if np.isfinite(row).any():
            row[np.isnan(row)] = np.nanmedian(row)
    if np.isfinite(result).any():
        otherwise = float(np.nanmedian(result))
    return np.where(np.isnan(result), otherwise, result)


def _check(
    counts: Floats,
    cells: NDArray[np.integer] | Floats,
    library: Floats,
    leaked: Floats,
    groups: Bools,
    *,
    floor: float,
    background: float,
    min_samples: int,
) -> None:
    n_samples, n_populations, _ = counts.shape
    shapes = {"cells": np.shape(cells), "library": library.shape}
    wrong = [name for name, shape in shapes.items() if shape != (n_samples, n_populations)]
    wrong += ["leaked"] * (leaked.shape != counts.shape) + ["groups"] * (groups.shape[1:] != (n_samples,))
    if wrong:
        raise UsageError(f"presence: the shape of {', '.join(wrong)} does not fit counts of shape {counts.shape}")
    if not 0 <= background <= floor:
        raise UsageError(f"presence: background is {background}: it must be between 0 and the floor, {floor}")
    if min_samples < 1:
        raise UsageError(f"presence: min_samples is {min_samples}: it must be at least 1")
