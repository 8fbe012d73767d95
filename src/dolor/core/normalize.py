"""The normalisation of cells: counts per 10,000, then log(1 + x)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

__all__ = ["TARGET", "log_values"]

# Counts of a cell are brought to this total before the logarithm.
TARGET = 1e4
_BLOCK = 4096


def log_values(
    counts: sparse.csr_matrix, genes: NDArray[np.bool_] | None = None, target: float = TARGET
) -> sparse.csr_matrix:
    """Return log1p(counts / library size · target) as 32-bit CSR; a cell without counts stays zero.

    Parameters
    ----------
    counts
        Cells × all genes; the library size is the sum of a row.
    genes
        Which genes to return; default all.
    target
        Counts that a cell is brought to.

    Examples
    --------
    >>> from scipy import sparse
    >>> log_values(sparse.csr_matrix([[1.0, 1.0]]), target=2.0).toarray().round(3).tolist()
    [[0.6930000185966492, 0.6930000185966492]]
    """
    library = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    factor = np.divide(target, library, out=np.zeros_like(library), where=library > 0)
    values = (counts if genes is None else counts[:, np.flatnonzero(genes)]).astype(np.float32)
    # Computed in 64 bits, a block of cells at a time, so that memory holds no second matrix.
    for start in range(0, values.shape[0], _BLOCK):
        ends = values.indptr[start : start + _BLOCK + 1]
        block = values.data[ends[0] : ends[-1]]
        block[:] = np.log1p(block * np.repeat(factor[start : start + _BLOCK], np.diff(ends)))
    return values
