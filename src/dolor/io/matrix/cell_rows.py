"""A matrix of cells × genes that is read some cells at a time, so that it may lie in a file larger than memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dolor.core.contracts import check_counts
from dolor.core.errors import IntegrityError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["BLOCK", "CellRows", "RowsInFile", "RowsInMemory", "counts_of"]

# Cells that are looked at together.
BLOCK = 4096
# Stored values that are read at a time, and as many unwanted ones as are rather read than skipped.
_WINDOW, _GAP = 1 << 22, 1 << 18
# HDF5 unpacks a chunk anew for every window that touches it, unless it keeps what it has unpacked.
_CACHE = 1 << 26

Cells = NDArray[np.intp]


class CellRows(ABC):
    """Cells × genes, compressed rows; what is asked of it is read then, and not kept.

    Attributes
    ----------
    shape
        Cells, genes.
    """

    shape: tuple[int, int]
    _sound = False

    @abstractmethod
    def read(self, start: int, stop: int) -> sparse.csr_matrix:
        """Return cells ``start`` to ``stop``."""

    @abstractmethod
    def rows(self, cells: Cells) -> sparse.csr_matrix:
        """Return some cells, by their numbers in ascending order."""

    def blocks(self, size: int = BLOCK) -> Iterator[tuple[slice, sparse.csr_matrix]]:
        """Give all cells in order, so many at a time, and where they stand."""
        for start in range(0, self.shape[0], size):
            stop = min(start + size, self.shape[0])
            yield slice(start, stop), self.read(start, stop)

    def of(self, cells: NDArray[np.bool_]) -> CellRows:
        """Return the cells of a mask, still unread."""
        return self if cells.all() else _Chosen(self, np.flatnonzero(cells))

    def in_order(self, order: Cells) -> CellRows:
        """Return the cells in the order of these numbers, still unread."""
        return _Chosen(self, order)

    def changed(self, change: Callable[[sparse.csr_matrix, Cells], sparse.csr_matrix], n_genes: int) -> CellRows:
        """Return these cells as ``change`` makes them, from their rows and their numbers, whenever they are read."""
        return _Changed(self, change, n_genes)

    def with_genes(self, genes: NDArray[np.bool_] | Cells) -> CellRows:
        """Return the columns of a mask, or those with these numbers, still unread."""
        chosen = np.flatnonzero(genes) if genes.dtype == bool else genes
        return self.changed(lambda block, cells: block[:, chosen], len(chosen))

    def whole(self) -> sparse.csr_matrix:
        """Return all cells at once."""
        return self.read(0, self.shape[0])

    def check(self, source: str) -> None:
        """Check that the values are raw counts, once.

        Raises
        ------
        dolor.core.errors.DataError
            They are not; see :func:`dolor.core.contracts.check_counts`.
        """
        if not self._sound:
            for _, block in self.blocks():
                check_counts(block, source)
            self._sound = True


class RowsInMemory(CellRows):
    """Rows of a sparse matrix in memory."""

    def __init__(self, matrix: sparse.csr_matrix) -> None:
        self._matrix, self.shape = matrix, matrix.shape

    def read(self, start: int, stop: int) -> sparse.csr_matrix:
        """Return cells ``start`` to ``stop``."""
        return self._matrix if stop - start == self.shape[0] else self._matrix[start:stop]

    def rows(self, cells: Cells) -> sparse.csr_matrix:
        """Return some cells."""
        return self._matrix[cells]


class RowsInFile(CellRows):
    """Rows of a matrix in an h5ad file, stored as compressed rows or dense.

    Parameters
    ----------
    path
        The file; it stays open while this object lives.
    member
        Where in the file the matrix is, such as ``layers/counts``.

    Raises
    ------
    dolor.core.errors.IntegrityError
        The file is damaged: its pointers do not fit its values.
    """

    def __init__(self, path: Path, member: str) -> None:
        self._name = f"{path}: {member}"
        self._stored = h5py.File(path, "r", rdcc_nbytes=_CACHE)[member]
        if isinstance(self._stored, h5py.Dataset):
            self.shape = int(self._stored.shape[0]), int(self._stored.shape[1])
            self._pointers = np.arange(self.shape[0] + 1, dtype=np.int64) * self.shape[1]
            return
        self.shape = int(self._stored.attrs["shape"][0]), int(self._stored.attrs["shape"][1])
        self._pointers = self._stored["indptr"][:].astype(np.int64)
        fits = len(self._pointers) == self.shape[0] + 1 and self._pointers[0] == 0
        if not fits or self._pointers[-1] != self._stored["data"].shape[0] or (np.diff(self._pointers) < 0).any():
            raise IntegrityError(f"{self._name}: the sparse matrix is broken (its pointers do not fit)")

    def read(self, start: int, stop: int) -> sparse.csr_matrix:
        """Return cells ``start`` to ``stop``."""
        try:
            if isinstance(self._stored, h5py.Dataset):
                return sparse.csr_matrix(self._stored[start:stop])
            low, high = self._pointers[start], self._pointers[stop]
            pointers = self._pointers[start : stop + 1] - low
            kind = np.int32 if high - low <= np.iinfo(np.int32).max else np.int64
            indices = self._stored["indices"][low:high].astype(kind, copy=False)
            parts = self._stored["data"][low:high], indices, pointers.astype(kind)
        except (OSError, KeyError) as error:
            raise IntegrityError(f"{self._name} cannot be read to its end ({error})") from error
        return sparse.csr_matrix(parts, shape=(stop - start, self.shape[1]), copy=False)

    def rows(self, cells: Cells) -> sparse.csr_matrix:
        """Return some cells, reading near ones in one go."""
        ends = np.append(self._window_ends(cells), len(cells)).tolist()
        parts, begin = [sparse.csr_matrix((0, self.shape[1]), dtype=self._dtype())], 0
        for end in ends:
            if end > begin:
                wanted = cells[begin:end]
                first, last = int(wanted[0]), int(wanted[-1]) + 1
                part = self.read(first, last)
                parts.append(part if len(wanted) == last - first else part[wanted - first])
            begin = end
        return sparse.csr_matrix(sparse.vstack(parts[1:] or parts, format="csr"))

    def _window_ends(self, cells: Cells) -> Cells:
        """Cut before cells that lie far from the one before, and where so much was read that it fills a window."""
        gaps = self._pointers[cells[1:]] - self._pointers[cells[:-1] + 1] > _GAP
        full = np.diff(self._pointers[cells] // _WINDOW) > 0
        return np.flatnonzero(gaps | full) + 1

    def _dtype(self) -> Any:
        return self._stored.dtype if isinstance(self._stored, h5py.Dataset) else self._stored["data"].dtype


class _Chosen(CellRows):
    """Some of the cells of others."""

    def __init__(self, others: CellRows, cells: Cells) -> None:
        self._others, self._cells, self._sound = others, cells, others._sound
        self.shape = len(cells), others.shape[1]

    def read(self, start: int, stop: int) -> sparse.csr_matrix:
        return self._in_order(self._cells[start:stop])

    def rows(self, cells: Cells) -> sparse.csr_matrix:
        return self._in_order(self._cells[cells])

    def _in_order(self, chosen: Cells) -> sparse.csr_matrix:
        """Read cells in the order in which they are stored, and return them in the order asked for."""
        if (np.diff(chosen) > 0).all():
            return self._others.rows(chosen)
        order = np.argsort(chosen, kind="stable")
        return self._others.rows(chosen[order])[np.argsort(order)]


class _Changed(CellRows):
    """Cells that are changed when they are read."""

    def __init__(
        self, before: CellRows, change: Callable[[sparse.csr_matrix, Cells], sparse.csr_matrix], n_genes: int
    ) -> None:
        self._before, self._change = before, change
        self.shape = before.shape[0], n_genes

    def read(self, start: int, stop: int) -> sparse.csr_matrix:
        return self._change(self._before.read(start, stop), np.arange(start, stop))

    def rows(self, cells: Cells) -> sparse.csr_matrix:
        return self._change(self._before.rows(cells), cells)


def counts_of(adata: AnnData, counts: CellRows | None = None) -> CellRows:
    """Return the raw counts of cells: those given, or ``layers["counts"]``."""
    return RowsInMemory(sparse.csr_matrix(adata.layers["counts"])) if counts is None else counts
