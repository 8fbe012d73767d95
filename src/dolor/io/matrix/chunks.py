"""The form in which counts of cells are handed to the kernels: chunks of compressed rows, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.errors import DataError, IntegrityError
from dolor.io.matrix.row_checks import check_rows

_FAULTS = {
    2: "hold values that are NaN or infinite",
    3: "hold negative values; these look scaled, and raw counts are needed",
    4: "hold values that are not integers; these look normalised, and raw counts are needed",
}


@dataclass(frozen=True)
class Chunk:
    """Cells ``start`` to ``start + len(library)``.

    Attributes
    ----------
    start
        Number of the first cell.
    data, indices, indptr
        Compressed rows, counts.
    library
        Counts of each cell over all genes.
    whole
        Where the rows hold the wanted genes only: for each cell, the sum, the sum of squares and the maximum of
        log-normalised expression over all genes.
    """

    start: int
    data: NDArray[Any]
    indices: NDArray[Any]
    indptr: NDArray[Any]
    library: NDArray[np.float64]
    whole: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Source:
    """Cells to be read in chunks.

    Attributes
    ----------
    name
        Of the file or object, for messages.
    obs
        One row a cell.
    genes
        Symbols.
    chunks
        Gives the cells in order. Its arguments: about how many stored values a chunk holds, and which genes will be
        looked at one by one.
    """

    name: str
    obs: pd.DataFrame
    genes: pd.Index
    chunks: Callable[[int, NDArray[np.bool_]], Iterator[Chunk]]


def checked(
    start: int, data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], n_columns: int, name: str
) -> Chunk:
    """Make a chunk of compressed rows; they must be sound and hold counts, for the kernels trust them."""
    library = np.empty(len(indptr) - 1)
    fault = check_rows(data, indices, indptr, n_columns, library)
    if fault == 1:
        raise IntegrityError(f"{name}: the sparse matrix of layers['counts'] is broken (an index is out of range)")
    if fault:
        raise DataError(f"{name}: the counts {_FAULTS[fault]}")
    return Chunk(start, data, indices, indptr, library)


def row_blocks(indptr: NDArray[Any], size: int) -> Iterator[tuple[int, int]]:
    """Cut rows into blocks of about ``size`` stored values, at least one row each."""
    n_rows = len(indptr) - 1
    start = 0
    while start < n_rows:
        stop = int(np.searchsorted(indptr, int(indptr[start]) + size, side="right")) - 1
        stop = min(max(stop, start + 1), n_rows)
        yield start, stop
        start = stop
