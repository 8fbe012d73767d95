"""Sufficient statistics of single cells, summed in one pass: the compiled kernels.

Cells come in chunks of compressed rows. Sums run in the order of the cells, so the size of a chunk changes no bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dolor.crosstalk.compiled import compiled

__all__ = ["FIELDS", "TARGET", "add_cells", "first_fault", "library_sizes", "whole_of_columns"]

Floats = NDArray[np.float64]

# Counts of a cell are brought to this total before the logarithm.
TARGET = 1e4

# What is summed over the cells of a group for each gene: the last axis of ``sums``.
FIELDS = ("counts", "detected", "lognorm_s1", "lognorm_s2", "lognorm_s3", "per_10k_s1")

# Most counts are 1, 2, 3, ...: their logarithms are looked up, once a cell.
_TABLE = 16


@compiled
def library_sizes(data: Any, indptr: Any) -> Any:
    """Sum each row of a sound chunk."""
    sizes = np.zeros(len(indptr) - 1)
    for row in range(len(sizes)):
        total = 0.0
        for k in range(indptr[row], indptr[row + 1]):
            total += data[k]
        sizes[row] = total
    return sizes


@compiled
def first_fault(data: Any, indices: Any, indptr: Any, n_columns: int) -> int:
    """Return 0 for a sound chunk of counts, or the first fault.

    1: rows or columns out of range; 2: a value is not finite; 3: negative; 4: not an integer.
    """
    if indptr[0] != 0 or indptr[-1] != len(data) or len(indices) != len(data):
        return 1
    for row in range(len(indptr) - 1):
        if indptr[row + 1] < indptr[row]:
            return 1
    for k in range(len(data)):
        if indices[k] < 0 or indices[k] >= n_columns:
            return 1
        value = data[k]
        if not np.isfinite(value):
            return 2
        if value < 0:
            return 3
        if value != np.floor(value):
            return 4
    return 0


@compiled
def _log_normalised(count: float, scale: float, table: Any) -> float:
    """Return log1p of a scaled count, through the table of this cell where the count is small."""
    if count < _TABLE:
        k = int(count)
        if k == count:
            if table[k] < 0:
                table[k] = np.log1p(k * scale)
            return float(table[k])
    return float(np.log1p(count * scale))


@compiled
def add_cells(
    data: Any,
    indices: Any,
    indptr: Any,
    library: Any,
    group: Any,
    sample: Any,
    column: Any,
    partner_starts: Any,
    partners: Any,
    sums: Any,
    whole: Any,
    products: Any,
) -> None:
    """Add a chunk of cells to the sums of their groups and to the cross moments of their samples.

    Parameters
    ----------
    data, indices, indptr
        Compressed rows, counts.
    library
        Cells, counts over all genes.
    group, sample
        Cells, row of the sums and of the products that each adds to; -1 keeps a cell out of the products.
    column
        Genes, column of the sums, or -1 for genes that are not asked for.
    partner_starts, partners
        For column ``a``, its partners ``b`` stand at ``partners[partner_starts[a]:partner_starts[a + 1]]``; the place
        of a partner is the number of the pair.
    sums
        Groups × columns × :data:`FIELDS`, added to.
    whole
        Groups × 3, over all genes: sum, sum of squares and maximum of log-normalised expression.
    products
        Samples × pairs × 3, added to: x_a x_b, x_a² x_b and x_a x_b².
    """
    expression = np.zeros(len(partner_starts) - 1)
    present = np.empty(len(expression), dtype=np.int64)
    table = np.empty(_TABLE)
    for row in range(len(indptr) - 1):
        if library[row] <= 0:
            continue
        scale = TARGET / library[row]
        table[:] = -1.0
        g = group[row]
        total, squares, largest = 0.0, 0.0, 0.0
        found = 0
        for k in range(indptr[row], indptr[row + 1]):
            count = float(data[k])
            if count <= 0:
                continue
            x = _log_normalised(count, scale, table)
            total += x
            squares += x * x
            largest = max(largest, x)
            j = column[indices[k]]
            if j < 0:
                continue
            cell = sums[g, j]
            cell[0] += count
            cell[1] += 1.0
            cell[2] += x
            cell[3] += x * x
            cell[4] += x * x * x
            cell[5] += count * scale
            expression[j] = x
            present[found] = j
            found += 1
        whole[g, 0] += total
        whole[g, 1] += squares
        whole[g, 2] = max(whole[g, 2], largest)
        if sample[row] >= 0:
            _add_products(expression, present[:found], partner_starts, partners, products[sample[row]])
        for i in range(found):
            expression[present[i]] = 0.0


@compiled
def _add_products(expression: Any, present: Any, partner_starts: Any, partners: Any, products: Any) -> None:
    """Add one cell to the cross moments of its sample; ``present`` are the columns that it expresses."""
    for a in present:
        xa = expression[a]
        for pair in range(partner_starts[a], partner_starts[a + 1]):
            xb = expression[partners[pair]]
            if xb > 0:
                products[pair, 0] += xa * xb
                products[pair, 1] += xa * xa * xb
                products[pair, 2] += xa * xb * xb


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
