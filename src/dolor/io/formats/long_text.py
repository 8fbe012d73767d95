"""Long text tables: one line per gene and cell with its count, as UMI-tools writes them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse

from dolor.core.errors import DataError
from dolor.io.formats.content import split
from dolor.io.formats.matrix import Matrix

__all__ = ["long_columns", "read_long_rows"]

_GENE = re.compile(r"(gene|feature|symbol|target)(_?(id|name|symbol))?s?", re.IGNORECASE)
_CELL = re.compile(r"(cell|barcode|cb)(_?(id|name|barcode))?s?", re.IGNORECASE)
_COUNT = re.compile(r"(count|umi|umi_?count|n|value|reads|n_?reads|n_?umis?|raw_?count|molecules?)s?", re.IGNORECASE)


def long_columns(header: Sequence[str], first: Sequence[str]) -> tuple[int, int, int] | None:
    """Return the places of gene, cell and count in a long table; None where the header is that of another table.

    Examples
    --------
    >>> long_columns(["cell", "gene", "count"], ["AAAC", "Tnf", "2"])
    (1, 0, 2)
    >>> long_columns(["gene", "c1", "c2"], ["Tnf", "1", "0"]) is None
    True
    """
    names = [name.strip() for name in header]
    if not 3 <= len(names) <= 5 or len(first) != len(names):
        return None
    places = [[i for i, name in enumerate(names) if kind.fullmatch(name)] for kind in (_GENE, _CELL, _COUNT)]
    if any(len(found) != 1 for found in places):
        return None
    return places[0][0], places[1][0], places[2][0]


def read_long_rows(every: Iterable[str], separator: str, places: tuple[int, int, int], source: str) -> Matrix:
    """Read the lines under the header into cells × genes; counts of one gene and cell are added up.

    Parameters
    ----------
    every
        The lines.
    separator
        Of the fields.
    places
        Of gene, cell and count, from :func:`long_columns`.
    source
        Name of the file, for messages.

    Raises
    ------
    dolor.core.errors.DataError
        A line has other fields, or its count is no number.
    """
    genes: dict[str, int] = {}
    cells: dict[str, int] = {}
    rows, columns, values = array("l"), array("l"), array("d")
    width = max(places) + 1
    for number, line in enumerate(every, start=2):
        fields = split(line, separator)
        try:
            value = float(fields[places[2]]) if len(fields) >= width else np.nan
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise DataError(f"{source}: line {number} of its long table reads {line[:60]!r}, without a count")
        rows.append(cells.setdefault(fields[places[1]].strip(), len(cells)))
        columns.append(genes.setdefault(fields[places[0]].strip(), len(genes)))
        values.append(value)
    shape = (len(cells), len(genes))
    matrix = sparse.coo_matrix((np.asarray(values), (np.asarray(rows), np.asarray(columns))), shape=shape).tocsr()
    return Matrix(matrix, list(cells), list(genes)).checked(source)
