"""P-values of specificity without permutations: exact moments of the permuted statistic, and a Pearson III tail.

The statistic is the one of CellPhoneDB: the mean of the ligand in the sender plus that of the receptor in the receiver.
A complex is worth its limiting subunit, in the permuted data as in the observed; of alternatives the best counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from dolor.crosstalk.specificity.limiting import Law, larger, smaller
from dolor.crosstalk.specificity.pearson import upper_tail
from dolor.crosstalk.specificity.population import Population, between, within
from dolor.crosstalk.specificity.sides import Meetings, Slots

__all__ = ["specificity"]

Floats = NDArray[np.float64]
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
    same, third_same = within(n, cells.size)
    other, third_other = between(n, cells.size)
    diagonal = np.eye(len(n), dtype=bool)
    second = np.where(diagonal, same, other)[:, :, None]
    third_left = np.where(diagonal, third_same, third_other[:, None])[:, :, None]
    third_right = np.where(diagonal, third_same, third_other[None, :])[:, :, None]
    m11, m21, m12 = _cross(left, right, cells, meeting)
    a, b = left.law, right.law
    mean = a.mean[:, None] + b.mean[None]
    variance = a.variance[:, None] + b.variance[None] + 2 * second * m11
    third = a.third[:, None] + b.third[None] + 3 * (third_left * m21 + third_right * m12)
    scale = a.variance[:, None] + b.variance[None]
    variance = np.where(variance > 1e-12 * scale, variance, 0.0)
    p = upper_tail(observed - mean, variance, third)
    return np.maximum(p, _smallest(n, cells.size)[:, :, None])


def _side(slots: Slots, cells: Population, n: Floats) -> _Side:
    """Law of the permuted units of one side: from gene to complex to the best of its alternatives."""
    second, third = within(n, cells.size)
    genes = Law(
        np.broadcast_to(cells.mean, (len(n), len(cells.mean))), np.outer(second, cells.m2), np.outer(third, cells.m3)
    )
    law = Law(*(moment[:, slots.gene[:, 0]] for moment in genes))
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


def _cross(left: _Side, right: _Side, cells: Population, meeting: Meetings) -> tuple[Floats, Floats, Floats]:
    """Mixed moments of ligand and receptor, T × T × I, genes weighed by how likely they are to count."""
    turned = meeting.turned
    m21 = np.where(turned, cells.m12[meeting.pair], cells.m21[meeting.pair])
    m12 = np.where(turned, cells.m21[meeting.pair], cells.m12[meeting.pair])
    weight = (
        left.weight[:, meeting.interaction, meeting.ligand][:, None]
        * right.weight[:, meeting.interaction, meeting.receptor][None]
    )
    moments = (cells.m11[meeting.pair], m21, m12)
    m11, m21, m12 = (np.add.reduceat(weight * moment, meeting.starts, axis=2) for moment in moments)
    return m11, m21, m12


def _smallest(n: Floats, size: float) -> Floats:
    """Return 1 / (number of ways to deal N cells out to two groups), T × T."""
    sender, receiver = n[:, None], n[None, :]
    taken = np.where(np.eye(len(n), dtype=bool), sender, sender + receiver)
    parts = gammaln(sender + 1) + np.where(np.eye(len(n), dtype=bool), 0.0, gammaln(receiver + 1))
    ways = gammaln(size + 1) - parts - gammaln(size - taken + 1)
    return np.asarray(np.maximum(np.exp(-ways), np.finfo(float).tiny))
