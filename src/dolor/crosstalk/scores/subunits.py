"""Which subunit of a complex counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dolor.crosstalk.specificity.sides import Slots

__all__ = ["limiting_gene"]


def limiting_gene(values: NDArray[np.float64], slots: Slots) -> NDArray[np.intp]:
    """Return the gene that stands for each unit in each cell type: the least subunit of the best alternative.

    Parameters
    ----------
    values
        T × G, the statistic that decides.
    slots
        Genes of U units.

    Returns
    -------
    T × U, columns of ``values``; of equals the first.
    """
    chosen = np.repeat(slots.gene[:, 0][None], len(values), axis=0)
    rows = np.arange(len(values))
    for unit in np.flatnonzero((slots.alternative >= 0).sum(axis=1) > 1):
        alternatives = slots.alternative[unit]
        best = np.full(len(values), -np.inf)
        for number in range(int(alternatives.max()) + 1):
            genes = slots.gene[unit, alternatives == number]
            least = genes[values[:, genes].argmin(axis=1)]
            better = values[rows, least] > best
            best = np.where(better, values[rows, least], best)
            chosen[better, unit] = least[better]
    return chosen
