"""All registered methods on one sample."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from dolor.crosstalk.scores.method import Side
from dolor.crosstalk.scores.registry import METHODS
from dolor.crosstalk.scores.sample_statistics import STATISTICS, SampleSums
from dolor.crosstalk.scores.subunits import limiting_gene
from dolor.crosstalk.specificity.sides import Slots

__all__ = ["evaluate", "sides"]

Floats = NDArray[np.float64]


def evaluate(
    sums: SampleSums, ligand: Slots, receptor: Slots, columns: Collection[str] = tuple(METHODS)
) -> dict[str, Floats]:
    """Return the scores of the methods that fill these columns, T × T × I each."""
    return {
        column: method.function(*sides(sums, ligand, receptor, method.needs, method.limited_by))
        for column, method in METHODS.items()
        if column in columns
    }


def sides(
    sums: SampleSums, ligand: Slots, receptor: Slots, needs: tuple[str, ...], limited_by: str
) -> tuple[Side, Side]:
    """Return statistics of the subunits that count: of ligands T × 1 × I, of receptors 1 × T × I."""
    decisive = STATISTICS[limited_by](sums)
    rows = np.arange(len(sums.n))[:, None]
    found: list[Mapping[str, Floats]] = []
    for axis, slots in ((1, ligand), (0, receptor)):
        gene = limiting_gene(decisive, slots)
        found.append({name: np.expand_dims(STATISTICS[name](sums)[rows, gene], axis) for name in needs})
    return found[0], found[1]
