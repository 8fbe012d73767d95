"""Arrays of an HDF5 file read as they lie on the disk: without the lock of HDF5, so that threads read and unpack.

What lies otherwise than in one piece or in plain or deflated chunks is read through h5py.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

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
    """Read windows of several arrays, each array in a thread of its own, one window ahead of the one in use."""
    with ThreadPoolExecutor(len(arrays)) as pool:
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
