"""Counts of cells in chunks out of an h5ad file: memory holds one chunk, whatever the number of cells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.crosstalk.summing.accumulate import whole_of_columns
from dolor.crosstalk.summing.chunks import Chunk, Source, checked, row_blocks
from dolor.crosstalk.summing.stored_values import StoredValues, read_ahead
from dolor.errors import DataError, IntegrityError
from dolor.io.h5ad import check_is_file

__all__ = ["READERS", "columns_of_obs", "open_h5ad"]


def open_h5ad(path: Path) -> Source:
    """Open Cells in an h5ad file without reading its counts."""
    path = check_is_file(path)
    name = str(path)
    with _opened(path) as stored:
        try:
            obs = columns_of_obs(stored["obs"])
            genes = pd.Index(_column(stored["var"][stored["var"].attrs["_index"]]))
        except (AttributeError, KeyError, ValueError, OSError, TypeError) as error:
            raise IntegrityError(f"{name}: obs or var cannot be read ({error}); fetch or write it again") from error
        kind = _kind(stored, name)

    def chunks(size: int, wanted: NDArray[np.bool_]) -> Iterator[Chunk]:
        with _opened(path) as stored:
            try:
                yield from READERS[kind](stored["layers/counts"], size, wanted, name)
            except (OSError, KeyError) as error:
                raise IntegrityError(f"{name}: layers['counts'] cannot be read to its end ({error})") from error

    return Source(name, obs, genes, chunks)


def columns_of_obs(stored: h5py.Group) -> pd.DataFrame:
    """Read the columns, not the barcodes: a million of these take more memory than all the rest."""
    columns = {str(name): _column(stored[name]) for name in stored.attrs["column-order"]}
    return (
        pd.DataFrame(columns, copy=False) if columns else pd.DataFrame(index=range(len(stored[stored.attrs["_index"]])))
    )


def _column(stored: h5py.Group | h5py.Dataset) -> Any:
    """Read a column in the forms that nearly all have; for the rest, anndata is worth the second that it takes."""
    encoding = stored.attrs.get("encoding-type")
    if encoding == "categorical":
        categories, ordered = _column(stored["categories"]), bool(stored.attrs["ordered"])
        return pd.Categorical.from_codes(stored["codes"][:], categories=pd.Index(categories), ordered=ordered)
    if encoding == "string-array":
        return stored.asstr()[:]
    if encoding == "array":
        return stored[:]
    from anndata.io import read_elem

    return read_elem(stored)


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise IntegrityError(f"{path}: is damaged or truncated ({error}); fetch or write it again") from error


def _kind(stored: h5py.File, name: str) -> str:
    """Return how the counts lie: dense, csr or csc."""
    if "layers" not in stored or "counts" not in stored["layers"]:
        raise DataError(f"{name}: has no layer 'counts'; put the raw integer counts into layers['counts']")
    for group, member in ((stored, "layers"), (stored["layers"], "counts")):
        if isinstance(group.get(member, getlink=True), h5py.ExternalLink):
            raise DataError(f"{name}: layers['counts'] points to another file; refused")
    counts = stored["layers/counts"]
    if isinstance(counts, h5py.Dataset):
        return "dense"
    encoding = str(counts.attrs.get("encoding-type", ""))
    if encoding not in ("csr_matrix", "csc_matrix"):
        raise DataError(f"{name}: layers['counts'] is stored as '{encoding}'; write it as a sparse or dense matrix")
    return encoding[:3]


def _dense(counts: h5py.Dataset, size: int, wanted: NDArray[np.bool_], name: str) -> Iterator[Chunk]:
    from scipy import sparse

    n_cells, n_genes = counts.shape
    rows = max(1, size // max(n_genes, 1))
    for start in range(0, n_cells, rows):
        block = sparse.csr_matrix(counts[start : start + rows])
        yield checked(start, block.data, block.indices, block.indptr, n_genes, name)


def _rows(counts: h5py.Group, size: int, wanted: NDArray[np.bool_], name: str) -> Iterator[Chunk]:
    n_cells, n_genes = (int(n) for n in counts.attrs["shape"])
    indptr = _pointers(counts, n_cells, name)
    blocks = list(row_blocks(indptr, size))
    windows = [(int(indptr[start]), int(indptr[stop])) for start, stop in blocks]
    stored = read_ahead(windows, [StoredValues(counts["data"]), StoredValues(counts["indices"])])
    for (start, stop), (_, (data, indices)) in zip(blocks, stored, strict=True):
        pointers = indptr[start : stop + 1] - indptr[start]
        yield checked(start, data, indices, pointers, n_genes, name)


def _columns(counts: h5py.Group, size: int, wanted: NDArray[np.bool_], name: str) -> Iterator[Chunk]:
    """Read columns three times: for library sizes, for the whole of each cell, and the wanted genes row by row."""
    n_cells, n_genes = (int(n) for n in counts.attrs["shape"])
    indptr = _pointers(counts, n_genes, name)
    rows = max(1, int(n_cells * (size / max(int(indptr[-1]), 1))))
    edges = np.append(np.arange(0, n_cells, rows), n_cells)
    library, whole = np.zeros(n_cells), np.zeros((n_cells, 3))
    starts = np.zeros((n_genes, len(edges)), dtype=np.int64)
    for first, last in row_blocks(indptr, size):
        data, indices = _stored(counts, indptr[first], indptr[last])
        checked(first, data, indices, indptr[first : last + 1] - indptr[first], n_cells, name)
        library += np.bincount(indices, weights=data, minlength=n_cells)
        for gene in range(first, last):
            column = indices[indptr[gene] - indptr[first] : indptr[gene + 1] - indptr[first]]
            if (np.diff(column) <= 0).any():
                raise DataError(f"{name}: the columns of layers['counts'] are not sorted; write it as CSR")
            starts[gene] = indptr[gene] + np.searchsorted(column, edges)
    for first, last in row_blocks(indptr, size):
        whole_of_columns(*_stored(counts, indptr[first], indptr[last]), library, whole)
    genes = np.flatnonzero(wanted)
    for block, (start, stop) in enumerate(pairwise(edges.tolist())):
        rows_of_block = _block_of_columns(counts, genes, starts[:, block : block + 2], start, stop)
        yield Chunk(start, *rows_of_block, library[start:stop], whole[start:stop])


def _stored(counts: h5py.Group, low: int, high: int) -> tuple[NDArray[Any], NDArray[Any]]:
    return counts["data"][low:high], counts["indices"][low:high]


def _block_of_columns(
    counts: h5py.Group, genes: NDArray[np.intp], bounds: NDArray[np.int64], start: int, stop: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Read the wanted genes of a block of cells, and turn them into compressed rows."""
    from scipy import sparse

    parts = [_stored(counts, low, high) for low, high in bounds[genes]]
    data = np.concatenate([np.empty(0, counts["data"].dtype), *(part[0] for part in parts)])
    cells = np.concatenate([np.empty(0, counts["indices"].dtype), *(part[1] for part in parts)]) - start
    pointers = np.append(0, np.cumsum(np.diff(bounds[genes], axis=1)))
    block = sparse.csc_matrix((data, cells, pointers), shape=(stop - start, len(genes))).tocsr()
    return block.data, genes[block.indices], block.indptr


def _pointers(counts: h5py.Group, n: int, name: str) -> NDArray[Any]:
    indptr: NDArray[Any] = counts["indptr"][:]
    n_stored = counts["data"].shape[0]
    if len(indptr) != n + 1 or indptr[0] != 0 or indptr[-1] != n_stored or (np.diff(indptr) < 0).any():
        raise IntegrityError(f"{name}: the sparse matrix of layers['counts'] is broken (its pointers do not fit)")
    return indptr


# How to read the counts by the way they lie; a zarr store, whose groups and arrays answer alike, is read so too.
READERS = {"dense": _dense, "csr": _rows, "csc": _columns}
