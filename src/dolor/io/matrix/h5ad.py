"""Arrays of an HDF5 file read as they lie on the disk: without the lock of HDF5, so that threads read and unpack.

What lies otherwise than in one piece or in plain or deflated chunks is read through h5py.

Counts of cells in chunks out of an h5ad file: memory holds one chunk, whatever the number of cells.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.errors import DataError, IntegrityError
from dolor.core.threads import n_threads
from dolor.io.guards import refuse_hostile
from dolor.io.h5ad import check_is_file
from dolor.io.matrix.chunks import Chunk, Source, checked, row_blocks
from dolor.io.matrix.row_checks import whole_of_columns

__all__ = ["READERS", "StoredValues", "Window", "columns_of_obs", "open_h5ad", "read_ahead"]

try:
    # Twice as fast as zlib; the extra "fast" installs it.
    _zlib = import_module("isal.isal_zlib")
except ImportError:
    _zlib = import_module("zlib")

__all__ = ["StoredValues", "read_ahead"]

Window = tuple[int, int]


class StoredValues:
    """A one-dimensional dataset of an open file.

    Parameters
    ----------
    dataset
        Of numbers; its file must stay open. Arrays of zarr are read through zarr.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._dtype = dataset.dtype
        in_hdf5 = isinstance(dataset, h5py.Dataset)
        self._offset = _offset_of_one_piece(dataset) if in_hdf5 else None
        self._chunks = _places_of_chunks(dataset) if in_hdf5 else None
        # The chunk unpacked last: the next window often begins in it.
        self._last: tuple[int, NDArray[Any]] = (-1, np.empty(0, self._dtype))

    def read(self, low: int, high: int) -> NDArray[Any]:
        """Return values ``low`` to ``high``.

        Raises
        ------
        OSError
            The file ends too early, or a chunk cannot be unpacked.
        """
        if self._offset is not None:
            values = np.empty(high - low, self._dtype)
            self._fill(values, self._offset + low * self._dtype.itemsize)
            return values
        if self._chunks is None:
            return np.asarray(self._dataset[low:high])
        length = self._dataset.chunks[0]
        parts = [np.empty(0, self._dtype)]
        for number in range(low // length, -(-high // length)):
            if self._last[0] != number:
                self._last = number, self._chunk(*self._chunks[number].tolist())
            parts.append(self._last[1][max(low - number * length, 0) : high - number * length])
        return np.concatenate(parts)

    def _chunk(self, offset: int, size: int) -> NDArray[Any]:
        packed = np.empty(size, np.uint8)
        self._fill(packed, offset)
        return self._unpacked(packed)

    def _unpacked(self, packed: NDArray[np.uint8]) -> NDArray[Any]:
        expected = self._dataset.chunks[0] * self._dtype.itemsize
        try:
            # A byte more than a chunk may have is room enough to see that it has too many, whatever is packed in it.
            content = _zlib.decompressobj().decompress(packed, expected + 1) if self._dataset.compression else packed
        except _zlib.error as error:
            raise OSError(f"a chunk cannot be unpacked: {error}") from error
        if len(content) != expected:
            raise OSError(f"a chunk does not unpack to the {expected} bytes that it should have")
        return np.frombuffer(content, self._dtype)

    def _fill(self, values: NDArray[Any], offset: int) -> None:
        file, rest = self._dataset.file.id.get_vfd_handle(), values.data.cast("B")
        while len(rest):
            number = os.preadv(file, [rest], offset)
            if not number:
                raise OSError("the file ends before its values do")
            rest, offset = rest[number:], offset + number


def read_ahead(
    windows: Iterable[Window], arrays: Sequence[StoredValues]
) -> Iterator[tuple[Window, list[NDArray[Any]]]]:
    """Read windows of several arrays, each array in a thread if it may, one window ahead of the one in use."""
    with ThreadPoolExecutor(min(len(arrays), n_threads())) as pool:
        pending: deque[tuple[Window, list[Any]]] = deque()
        for window in windows:
            pending.append((window, [pool.submit(array.read, *window) for array in arrays]))
            if len(pending) > 1:
                yield _done(*pending.popleft())
        while pending:
            yield _done(*pending.popleft())


def _done(window: Window, futures: list[Any]) -> tuple[Window, list[NDArray[Any]]]:
    return window, [future.result() for future in futures]


def _plain(dataset: h5py.Dataset) -> bool:
    """Tell whether bytes of the file are values, in an ordinary file and in the order of this machine."""
    file = dataset.file
    ordinary = file.driver == "sec2" and file.userblock_size == 0
    return bool(ordinary and dataset.dtype.isnative and dataset.dtype.kind in "iuf" and not dataset.is_virtual)


def _offset_of_one_piece(dataset: h5py.Dataset) -> int | None:
    """Return where the values begin, if they lie in one piece."""
    if dataset.chunks is not None or dataset.external or not _plain(dataset):
        return None
    offset: int | None = dataset.id.get_offset()
    return offset


def _places_of_chunks(dataset: h5py.Dataset) -> NDArray[np.int64] | None:
    """Return the offset and size of every chunk, if they are plain or deflated and none is missing."""
    if dataset.chunks is None or dataset.shuffle or dataset.fletcher32 or dataset.scaleoffset or not _plain(dataset):
        return None
    if dataset.id.get_create_plist().get_nfilters() != (dataset.compression == "gzip"):
        return None
    length = dataset.chunks[0]
    found = np.full((-(-dataset.shape[0] // length), 2), -1, dtype=np.int64)
    masks: set[int] = set()

    def note(chunk: Any) -> None:
        found[chunk.chunk_offset[0] // length] = chunk.byte_offset, chunk.size
        masks.add(chunk.filter_mask)

    dataset.id.chunk_iter(note)
    return found if masks <= {0} and (found >= 0).all() else None


def open_h5ad(path: Path) -> Source:
    """Open Cells in an h5ad file without reading its counts."""
    path = check_is_file(path)
    name = str(path)
    with _opened(path) as stored:
        refuse_hostile(stored, path)
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
