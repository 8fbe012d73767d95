"""Sufficient statistics of single cells, summed in one pass: the compiled kernels.

Cells come in chunks of compressed rows. Sums run in the order of the cells, so the size of a chunk changes no bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dolor.core.compiled import compiled
from dolor.core.normalize import TARGET

__all__ = ["FIELDS", "add_cells"]

Floats = NDArray[np.float64]

# What is summed over the cells of a group for each gene: the last axis of ``sums``.
FIELDS = ("counts", "detected", "lognorm_s1", "lognorm_s2", "lognorm_s3", "per_10k_s1")

# Most counts are 1, 2, 3, ...: how often each occurs in a cell is counted, and its logarithm taken once.
_SMALL = 32


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
    first: Any,
    second: Any,
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
    partner_starts, first, second
        Pairs of columns, unsigned; those whose first is ``a`` lie from ``partner_starts[a]`` to
        ``partner_starts[a + 1]``.
    sums
        Groups × columns × :data:`FIELDS`, added to.
    whole
        Groups × 3, over all genes: sum, sum of squares and maximum of log-normalised expression.
    products
        Samples × pairs × 3, added to: x_a x_b, x_a² x_b and x_a x_b².
    """
    # Unsigned numbers are looked up faster: they cannot count from the end.
    expression = np.zeros(len(partner_starts) - 1)
    present = np.empty(len(expression), dtype=np.uint32)
    met = np.empty(len(second) + 1, dtype=np.uint32)
    places = np.empty(_longest(indptr) + 1, dtype=np.uint32)
    often, logs = np.zeros((2, _SMALL), dtype=np.int64), np.zeros(_SMALL)
    for row in range(len(indptr) - 1):
        if library[row] <= 0:
            continue
        counts, genes = data[indptr[row] : indptr[row + 1]], indices[indptr[row] : indptr[row + 1]]
        scale = TARGET / library[row]
        found, large = _sort_values(counts, genes, column, often, places)
        _add_whole(often, scale, logs, whole[group[row]])
        if large:
            _add_large(counts, scale, whole[group[row]])
        sums_of_group = sums[group[row]]
        for i in range(found):
            k = places[i]
            count, j = float(counts[k]), np.uint32(column[genes[k]])
            x = logs[np.uint32(count)] if count < _SMALL else np.log1p(count * scale)
            sums_of_group[j, 0] += count
            sums_of_group[j, 1] += 1.0
            sums_of_group[j, 2] += x
            sums_of_group[j, 3] += x * x
            sums_of_group[j, 4] += x * x * x
            sums_of_group[j, 5] += count * scale
            expression[j] = x
            present[i] = j
        if sample[row] >= 0:
            met_here = _pairs_that_meet(expression, present[:found], partner_starts, second, met)
            _add_products(expression, met[:met_here], first, second, products[sample[row]])
        for i in range(found):
            expression[present[i]] = 0.0


@compiled
def _longest(indptr: Any) -> int:
    longest = 0
    for row in range(len(indptr) - 1):
        longest = max(longest, indptr[row + 1] - indptr[row])
    return longest


@compiled
def _sort_values(counts: Any, genes: Any, column: Any, often: Any, places: Any) -> Any:
    """Tally in ``often`` how often each small count occurs in a cell, and list in ``places`` the values wanted.

    No branch depends on a value, as one in ten values is wanted and no processor guesses which. Two tallies take turns
    so that equal counts in a row do not wait for each other. Returns the number of places, and of counts not small.
    """
    found, large = 0, 0
    for k in range(len(counts)):
        count = counts[k]
        small = count < _SMALL
        often[k & 1, int(count) if small else 0] += 1
        large += not small
        places[found] = k
        found += (column[genes[k]] >= 0) & (count > 0)
    return found, large


@compiled
def _add_whole(often: Any, scale: float, logs: Any, whole: Any) -> None:
    """Add the small counts of a cell to its whole, leave their logarithms in ``logs``, and clear the tallies."""
    for count in range(1, _SMALL):
        number = often[0, count] + often[1, count]
        if number:
            x = np.log1p(count * scale)
            logs[count] = x
            whole[0] += number * x
            whole[1] += number * x * x
            whole[2] = max(whole[2], x)
    often[:] = 0


@compiled
def _add_large(counts: Any, scale: float, whole: Any) -> None:
    for count in counts:
        if count >= _SMALL:
            x = np.log1p(count * scale)
            whole[0] += x
            whole[1] += x * x
            whole[2] = max(whole[2], x)


@compiled
def _pairs_that_meet(expression: Any, present: Any, partner_starts: Any, second: Any, met: Any) -> int:
    """List in ``met`` the pairs both of whose genes a cell expresses, without a branch; return their number."""
    found = 0
    for a in present:
        for pair in range(partner_starts[a], partner_starts[a + 1]):
            met[found] = pair
            found += expression[second[pair]] > 0
    return found


@compiled
def _add_products(expression: Any, met: Any, first: Any, second: Any, products: Any) -> None:
    """Add the pairs that meet in a cell to the cross moments of its sample."""
    for pair in met:
        a, b = expression[first[pair]], expression[second[pair]]
        products[pair, 0] += a * b
        products[pair, 1] += a * a * b
        products[pair, 2] += a * b * b
