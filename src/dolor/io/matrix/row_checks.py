"""Checks and sums of stored counts, chunk by chunk: the compiled kernels of every reader."""

from __future__ import annotations

from typing import Any

import numpy as np

from dolor.core.compiled import compiled, compiled_for_sums
from dolor.core.normalize import TARGET

__all__ = ["check_rows", "whole_of_columns"]


@compiled
def check_rows(data: Any, indices: Any, indptr: Any, n_columns: int, library: Any) -> int:
    """Sum the rows of a chunk of counts into ``library``; return 0 if it is sound, or its first fault.

    1: rows or columns out of range; 2: a value is not finite; 3: negative; 4: not an integer.
    """
    if indptr[0] != 0 or indptr[-1] != len(data) or len(indices) != len(data):
        return 1
    for row in range(len(library)):
        if indptr[row + 1] < indptr[row] or indptr[row + 1] > len(data):
            return 1
        counts, genes = data[indptr[row] : indptr[row + 1]], indices[indptr[row] : indptr[row + 1]]
        library[row], faults = _sum_of_row(counts, genes, n_columns)
        if faults:
            return _fault_of_row(counts, genes, n_columns)
    return 0


@compiled_for_sums
def _sum_of_row(counts: Any, genes: Any, n_columns: int) -> Any:
    """Return the sum of a row and how many of its values are at fault; without branches, so many values at a time."""
    total, faults = 0.0, 0
    for k in range(len(counts)):
        count = counts[k]
        total += count
        sound = (genes[k] >= 0) & (genes[k] < n_columns) & (count >= 0) & (count < np.inf) & (count == np.floor(count))
        faults += not sound
    return total, faults


@compiled
def _fault_of_row(counts: Any, genes: Any, n_columns: int) -> int:
    for k in range(len(counts)):
        if genes[k] < 0 or genes[k] >= n_columns:
            return 1
        if not np.isfinite(counts[k]):
            return 2
        if counts[k] < 0:
            return 3
        if counts[k] != np.floor(counts[k]):
            return 4
    return 0


@compiled
def whole_of_columns(data: Any, indices: Any, library: Any, whole: Any) -> None:
    """Add stored values that lie by columns to the whole of their cells.

    Parameters
    ----------
    data, indices
        Counts, and the cell of each.
    library
        Cells, counts over all genes.
    whole
        Cells × 3, added to: sum, sum of squares and maximum of log-normalised expression.
    """
    for k in range(len(data)):
        cell = indices[k]
        if data[k] > 0:
            x = np.log1p(data[k] * TARGET / library[cell])
            whole[cell, 0] += x
            whole[cell, 1] += x * x
            whole[cell, 2] = max(whole[cell, 2], x)
