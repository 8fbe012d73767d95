"""Counts of cells in chunks of compressed rows, whatever they lie in: memory or file, by rows, by columns or dense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.crosstalk.summing.accumulate import check_rows
from dolor.errors import DataError, IntegrityError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Chunk", "Source", "open_source"]

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


def open_source(data: AnnData | Source | Path | str) -> Source:
    """Open Cells in memory, in an h5ad file, in a zarr store or in a SOMA experiment, told apart by their content."""
    if isinstance(data, Source):
        return data
    if isinstance(data, (str, Path)):
        return _open_path(data)
    if "counts" not in data.layers:
        raise DataError("the data has no layer 'counts'; put the raw integer counts into layers['counts']")
    counts = data.layers["counts"]
    name = "the data"
    return Source(name, data.obs, data.var_names, lambda size, wanted: _of_matrix(counts, size, name))


def _open_path(path: Path | str) -> Source:
    from dolor.crosstalk.summing.chunks_h5ad import open_h5ad
    from dolor.crosstalk.summing.chunks_soma import is_soma, open_soma
    from dolor.crosstalk.summing.chunks_zarr import is_zarr, open_zarr

    if is_soma(path):
        return open_soma(path)
    return open_zarr(Path(path)) if is_zarr(Path(path)) else open_h5ad(Path(path))


def _of_matrix(counts: Any, size: int, name: str) -> Iterator[Chunk]:
    n_cells, n_genes = counts.shape
    form = getattr(counts, "format", "dense")
    if form == "dense":
        from scipy import sparse

        rows = max(1, size // max(n_genes, 1))
        for start in range(0, n_cells, rows):
            block = sparse.csr_matrix(np.asarray(counts[start : start + rows]))
            yield checked(start, block.data, block.indices, block.indptr, n_genes, name)
        return
    if form == "csc":
        checked(0, counts.data, counts.indices, counts.indptr, n_cells, name)
    counts = counts.tocsr()
    for start, stop in row_blocks(counts.indptr, size):
        low, high = counts.indptr[start], counts.indptr[stop]
        pointers = counts.indptr[start : stop + 1] - low
        yield checked(start, counts.data[low:high], counts.indices[low:high], pointers, n_genes, name)


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
