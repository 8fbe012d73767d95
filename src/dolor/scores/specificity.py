"""Moments of the smaller of two correlated variables, for complexes that are worth their limiting subunit.

Upper tail of a Pearson III law: a gamma law moved and scaled to a mean, a variance and a skewness.

P-values of specificity without permutations: exact moments of the permuted statistic, and a Pearson III tail.

The statistic is the one of CellPhoneDB: the mean of the ligand in the sender plus that of the receptor in the receiver.
A complex is worth its limiting subunit, in the permuted data as in the observed; of alternatives the best counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dolor.core.compiled import compiled
from dolor.scores.cell_moments import Population, between, within
from dolor.scores.gamma_tail import gamma_tail
from dolor.scores.interaction_index import Meetings, Slots

__all__ = ["Law", "larger", "pearson_tail", "smaller", "specificity", "upper_tail"]

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


# Below this skewness the gamma law has a shape above 4e6, and one term of Edgeworth is exact to rounding.
_NEARLY_NORMAL = 1e-3


def upper_tail(deviation: ArrayLike, variance: ArrayLike, third: ArrayLike) -> Floats:
    """Return P(X >= x) of a Pearson III law.

    Parameters
    ----------
    deviation
        x minus the mean.
    variance
        Second central moment; where it is 0 there is only one value, and the tail is 1.
    third
        Third central moment.

    Returns
    -------
    Probabilities; 0 beyond the end of a law that is skewed to the left.

    Examples
    --------
    >>> upper_tail([0.0, 1.959964], [1.0, 1.0], [0.0, 0.0]).round(4)
    array([0.5  , 0.025])
    """
    arrays = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (deviation, variance, third)))
    tails = np.empty(arrays[0].shape)
    deviations, variances, thirds = (np.ravel(array) for array in arrays)
    _fill_tails(deviations, variances, thirds, tails.ravel())
    return tails


@compiled
def _fill_tails(deviation: Any, variance: Any, third: Any, tails: Any) -> None:
    for i in range(len(tails)):
        tails[i] = pearson_tail(deviation[i], variance[i], third[i])


@compiled
def pearson_tail(deviation: float, variance: float, third: float) -> float:
    """Return one tail; see :func:`upper_tail`."""
    if not variance > 0:
        return 1.0
    sd = math.sqrt(variance)
    z = deviation / sd
    skew = third / (variance * sd)
    if abs(skew) < _NEARLY_NORMAL:
        edgeworth = skew / 6 * (z * z - 1) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        return min(max(0.5 * math.erfc(z / math.sqrt(2)) + edgeworth, 0.0), 1.0)
    shape = 4 / (skew * skew)
    return gamma_tail(shape, shape + math.copysign(math.sqrt(shape), skew) * z, skew > 0)


_Choice = Callable[[Law, Law, Floats], tuple[Law, Floats]]


@dataclass(frozen=True)
class _Side:
    """Law of T × U permuted units, and T × U × K how likely each gene is the one that counts."""

    law: Law
    weight: Floats


def specificity(
    observed: Floats, n: Floats, cells: Population, ligand: Slots, receptor: Slots, meeting: Meetings
) -> Floats:
    """Return the probability that a permuted statistic reaches the observed one.

    Parameters
    ----------
    observed
        T × T × I, ligand mean in the sender plus receptor mean in the receiver.
    n
        T, cells of each cell type.
    cells
        Moments of the sample.
    ligand, receptor, meeting
        The interactions.

    Returns
    -------
    T × T × I, at least 1 / (number of ways to deal out the cells), so never 0.
    """
    left, right = _side(ligand, cells, n), _side(receptor, cells, n)
    pvalues = np.empty(observed.shape)
    places = meeting.ligand, meeting.receptor, np.append(meeting.starts, len(meeting.pair))
    moments = _cross(cells, meeting)
    _fill(observed, left.law, right.law, left.weight, right.weight, *places, moments, *_factors(n, cells.size), pvalues)
    return pvalues


def _factors(n: Floats, size: float) -> tuple[Floats, Floats]:
    """Return what turns moments of the population into those of a sender's and a receiver's mean.

    T × T × 3, for m11, m21 and m12, and T × T, the smallest p-value.
    """
    same, third_same = within(n, size)
    other, third_other = between(n, size)
    diagonal = np.eye(len(n), dtype=bool)
    factors = (
        np.where(diagonal, same, other),
        np.where(diagonal, third_same, third_other[:, None]),
        np.where(diagonal, third_same, third_other[None, :]),
    )
    return np.stack(factors, axis=-1), _smallest(n, size)


def _cross(cells: Population, meeting: Meetings) -> Floats:
    """Mixed moments of the ligand's and the receptor's gene of each meeting: m11, m21, m12."""
    turned = meeting.turned
    m21, m12 = cells.m21[meeting.pair], cells.m12[meeting.pair]
    return np.stack([cells.m11[meeting.pair], np.where(turned, m12, m21), np.where(turned, m21, m12)], axis=-1)


@compiled
def _fill(
    observed: Any,
    left: Any,
    right: Any,
    left_weight: Any,
    right_weight: Any,
    left_place: Any,
    right_place: Any,
    starts: Any,
    moments: Any,
    factors: Any,
    smallest: Any,
    pvalues: Any,
) -> None:
    """Compute the p-value of every sender, receiver and interaction, one after the other and without arrays between.

    ``left`` and ``right`` are laws, T × I. Of the genes that meet in an interaction (``starts``), each pair of
    ``moments`` counts by how likely its two genes are the ones that stand for ligand and receptor.
    """
    for sender in range(pvalues.shape[0]):
        for receiver in range(pvalues.shape[1]):
            second, third_left, third_right = factors[sender, receiver]
            for i in range(pvalues.shape[2]):
                m11, m21, m12 = 0.0, 0.0, 0.0
                for k in range(starts[i], starts[i + 1]):
                    weight = left_weight[sender, i, left_place[k]] * right_weight[receiver, i, right_place[k]]
                    m11 += weight * moments[k, 0]
                    m21 += weight * moments[k, 1]
                    m12 += weight * moments[k, 2]
                deviation = observed[sender, receiver, i] - left.mean[sender, i] - right.mean[receiver, i]
                apart = left.variance[sender, i] + right.variance[receiver, i]
                variance = apart + 2 * second * m11
                third = left.third[sender, i] + right.third[receiver, i]
                third += 3 * (third_left * m21 + third_right * m12)
                tail = pearson_tail(deviation, variance if variance > 1e-12 * apart else 0.0, third)
                pvalues[sender, receiver, i] = max(tail, smallest[sender, receiver])


def _side(slots: Slots, cells: Population, n: Floats) -> _Side:
    """Law of the permuted units of one side: from gene to complex to the best of its alternatives."""
    second, third = within(n, cells.size)
    genes = Law(
        np.broadcast_to(cells.mean, (len(n), len(cells.mean))), np.outer(second, cells.m2), np.outer(third, cells.m3)
    )
    law = Law(*(np.ascontiguousarray(moment[:, slots.gene[:, 0]]) for moment in genes))
    weight = np.zeros((len(n), *slots.gene.shape))
    weight[:, :, 0] = 1.0
    for units in slots.of_one_shape():
        one, share = _units(slots, units, genes, cells.m11, second)
        for moment, value in zip(law, one, strict=True):
            moment[:, units] = value
        weight[:, units] = share
    return _Side(law, weight)


def _units(slots: Slots, units: NDArray[np.intp], genes: Law, m11: Floats, second: Floats) -> tuple[Law, Floats]:
    """Law of units of several genes and of one shape, and the weight of each gene."""
    covariance = np.where(slots.pair[units] >= 0, m11[slots.pair[units]], 0.0)
    places = np.eye(slots.gene.shape[1])

    def gene(k: int) -> tuple[Law, Floats]:
        law = Law(*(moment[:, slots.gene[units, k]] for moment in genes))
        return law, np.broadcast_to(places[k], (*law.mean.shape, len(places)))

    def merged(choose: _Choice, one: tuple[Law, Floats], other: tuple[Law, Floats]) -> tuple[Law, Floats]:
        together = second[:, None] * np.einsum("tui,uij,tuj->tu", one[1], covariance, other[1], optimize=True)
        law, wins = choose(one[0], other[0], together)
        return law, one[1] * wins[:, :, None] + other[1] * (1 - wins)[:, :, None]

    alternative = slots.alternative[units[0]]
    complexes = [
        reduce(partial(merged, smaller), [gene(int(k)) for k in np.flatnonzero(alternative == number)])
        for number in range(int(alternative.max()) + 1)
    ]
    return reduce(partial(merged, larger), complexes)


def _smallest(n: Floats, size: float) -> Floats:
    """Return 1 / (number of ways to deal N cells out to two groups), T × T."""
    log_factorial = np.vectorize(lambda number: math.lgamma(number + 1), otypes=[float])
    sender, receiver = n[:, None], n[None, :]
    taken = np.where(np.eye(len(n), dtype=bool), sender, sender + receiver)
    parts = log_factorial(sender) + np.where(np.eye(len(n), dtype=bool), 0.0, log_factorial(receiver))
    ways = log_factorial(size) - parts - log_factorial(size - taken)
    return np.asarray(np.maximum(np.exp(-ways), np.finfo(float).tiny))
