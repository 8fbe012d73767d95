"""Trimeans of log-normalised expression: (first quartile + 2 medians + third quartile) / 4.

Quartiles are no sums. The values of the genes asked for are kept until the end, eight bytes each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dolor.core.compiled import compiled
from dolor.core.normalize import TARGET
from dolor.io.matrix.chunks import Chunk

__all__ = ["TRIMEAN_LAYER", "Trimeans"]

TRIMEAN_LAYER = "lognorm_trimean"


class Trimeans:
    """Collects values chunk by chunk.

    Parameters
    ----------
    n_cells
        Cells of each group.
    n_genes
        Columns.
    """

    def __init__(self, n_cells: NDArray[np.int64], n_genes: int) -> None:
        self._n_cells = n_cells
        self._n_genes = n_genes
        self._places: list[NDArray[np.int32]] = []
        self._values: list[NDArray[np.float32]] = []

    def add(self, chunk: Chunk, group: NDArray[np.int64], column: NDArray[np.int64]) -> None:
        """Keep the values of a chunk; ``group`` of each cell, ``column`` of each gene or -1."""
        places, values = _wanted(chunk.data, chunk.indices, chunk.indptr, chunk.library, group, column, self._n_genes)
        self._places.append(places)
        self._values.append(values)

    def result(self) -> NDArray[np.float64]:
        """Return the trimeans, groups × genes."""
        trimeans = np.zeros(len(self._n_cells) * self._n_genes)
        if self._places:
            places, values = np.concatenate(self._places), np.concatenate(self._values)
            _from_values(places, values, np.repeat(self._n_cells, self._n_genes), trimeans)
        return trimeans.reshape(len(self._n_cells), self._n_genes)


@compiled
def _wanted(data: Any, indices: Any, indptr: Any, library: Any, group: Any, column: Any, n_genes: int) -> Any:
    """Pick the values of wanted genes, with the place group × n_genes + column of each."""
    found = 0
    for k in range(len(data)):
        if column[indices[k]] >= 0 and data[k] > 0:
            found += 1
    places = np.empty(found, dtype=np.int32)
    values = np.empty(found, dtype=np.float32)
    found = 0
    for row in range(len(indptr) - 1):
        for k in range(indptr[row], indptr[row + 1]):
            j = column[indices[k]]
            if j >= 0 and data[k] > 0:
                places[found] = group[row] * n_genes + j
                values[found] = np.log1p(data[k] * TARGET / library[row])
                found += 1
    return places, values


@compiled
def _from_values(places: Any, values: Any, n_cells: Any, trimeans: Any) -> None:
    """Fill in the trimean of each place; cells without a value count as 0."""
    starts = np.zeros(len(trimeans) + 1, dtype=np.int64)
    for k in range(len(places)):
        starts[places[k] + 1] += 1
    starts = np.cumsum(starts)
    filled = starts.copy()
    grouped = np.empty(len(values), dtype=np.float32)
    for k in range(len(places)):
        grouped[filled[places[k]]] = values[k]
        filled[places[k]] += 1
    for place in range(len(trimeans)):
        stored = starts[place + 1] - starts[place]
        n = n_cells[place]
        if stored * 4 <= n - 1:
            continue
        ranked = np.sort(grouped[starts[place] : starts[place + 1]])
        for quarter in range(1, 4):
            rank = quarter * (n - 1) / 4
            low = int(np.floor(rank))
            part = rank - low
            below = low - (n - stored)
            lower = float(ranked[below]) if below >= 0 else 0.0
            upper = float(ranked[below + 1]) if -1 <= below < stored - 1 else lower
            weight = 0.5 if quarter == 2 else 0.25
            trimeans[place] += weight * (lower + part * (upper - lower))
