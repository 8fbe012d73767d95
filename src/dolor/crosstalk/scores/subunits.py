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
    for units in slots.of_one_shape():
        alternative = slots.alternative[units[0]]
        genes = slots.gene[units]
        level = values[:, genes]
        least = np.full(level.shape, -np.inf)
        for number in range(int(alternative.max()) + 1):
            members = np.flatnonzero(alternative == number)
            limiting = members[level[:, :, members].argmin(axis=2)][:, :, None]
            np.put_along_axis(least, limiting, np.take_along_axis(level, limiting, axis=2), axis=2)
        chosen[:, units] = np.take_along_axis(np.broadcast_to(genes, level.shape), least.argmax(axis=2)[:, :, None], 2)[
            :, :, 0
        ]
    return chosen
