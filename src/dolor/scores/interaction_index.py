"""Ligands and receptors as they enter a null: their genes, side by side, and how they meet in interactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dolor.core.errors import DataError
from dolor.pseudobulk.expression import Units

__all__ = ["Meetings", "Slots", "meetings", "slots_of"]

Indices = NDArray[np.intp]
PairNumbers = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Slots:
    """The genes of U units, padded to K places each.

    Attributes
    ----------
    gene
        U × K, column of the gene; the padding repeats the first.
    alternative
        U × K, to which alternative of its unit a gene belongs; -1 in the padding.
    pair
        U × K × K, number of the pair that two genes of a unit form; -1 on the diagonal and in the padding.
    """

    gene: Indices
    alternative: Indices
    pair: Indices

    def of_one_shape(self) -> list[Indices]:
        """Group the units of several genes by how their genes make alternatives."""
        several = np.flatnonzero((self.alternative >= 0).sum(axis=1) > 1)
        shapes, shape = np.unique(self.alternative[several], axis=0, return_inverse=True)
        return [several[shape.ravel() == number] for number in range(len(shapes))]


@dataclass(frozen=True)
class Meetings:
    """Each gene of the ligand against each of the receptor, interaction after interaction.

    Attributes
    ----------
    starts
        I, where the meetings of an interaction begin.
    ligand, receptor
        Places within the units.
    interaction
        Number of the interaction of each meeting.
    pair
        Number of the pair of genes.
    turned
        Whether the pair is stored with the receptor's gene first.
    """

    starts: Indices
    ligand: Indices
    receptor: Indices
    interaction: Indices
    pair: Indices
    turned: NDArray[np.bool_]


def slots_of(units: Units, numbers: PairNumbers) -> Slots:
    """Lay out the genes of measured units.

    Raises
    ------
    dolor.core.errors.DataError
        The cross moments of two genes of a unit are not there.
    """
    members = _members(units)
    width = max((len(unit) for unit in members), default=1)
    gene = np.zeros((len(members), width), dtype=np.intp)
    alternative = np.full((len(members), width), -1, dtype=np.intp)
    pair = np.full((len(members), width, width), -1, dtype=np.intp)
    for u, unit in enumerate(members):
        gene[u] = unit[0][1]
        for i, (number, column) in enumerate(unit):
            gene[u, i], alternative[u, i] = column, number
            for j in range(i):
                pair[u, i, j] = pair[u, j, i] = _number(numbers, unit[j][1], column)
    return Slots(gene, alternative, pair)


def meetings(ligand: Slots, receptor: Slots, numbers: PairNumbers) -> Meetings:
    """List the pairs of genes that meet in each interaction; unit i of one side belongs to unit i of the other."""
    starts: list[int] = []
    rows: list[tuple[int, int, int, int, bool]] = []
    for k, (left, right) in enumerate(zip(_genes(ligand), _genes(receptor), strict=True)):
        starts.append(len(rows))
        for i, a in enumerate(left):
            rows.extend((i, j, k, _number(numbers, a, b), a > b) for j, b in enumerate(right))
    table = np.array(rows, dtype=np.intp).reshape(-1, 5)
    return Meetings(
        np.array(starts, dtype=np.intp), table[:, 0], table[:, 1], table[:, 2], table[:, 3], table[:, 4].astype(bool)
    )


def _genes(slots: Slots) -> list[list[int]]:
    """Return the genes of each unit, without the padding."""
    lengths = (slots.alternative >= 0).sum(axis=1).tolist()
    return [genes[:length] for genes, length in zip(slots.gene.tolist(), lengths, strict=True)]


def _members(units: Units) -> list[list[tuple[int, int]]]:
    """Return for each measured unit its (alternative, column) in order; a gene may stand in several alternatives."""
    if not len(units.unit_starts):
        return []
    ends = np.append(units.alternative_starts[1:], len(units.subunits))
    last = np.append(units.unit_starts[1:], len(units.alternative_starts))
    return [
        [
            (int(number - first), int(column))
            for number in range(first, stop)
            for column in units.subunits[units.alternative_starts[number] : ends[number]]
        ]
        for first, stop in zip(units.unit_starts, last, strict=True)
    ]


def _number(numbers: PairNumbers, a: int, b: int) -> int:
    try:
        return numbers[min(a, b), max(a, b)]
    except KeyError:
        raise DataError(
            "the profiles lack the cross moments of a pair of genes of these interactions; "
            "make them with profiles(data, interactions)"
        ) from None
