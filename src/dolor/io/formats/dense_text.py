"""Dense text tables (csv, tsv, txt) of genes by cells or cells by genes, read a line at a time.

Only what is not zero is kept: about 8 bytes a stored value, and twice that at the end while the rows are turned into
cells. A table of several gigabytes needs no more than its non-zero values do.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.errors import DataError
from dolor.io.formats.content import unpacked
from dolor.io.formats.matrix import Matrix
from dolor.io.formats.text import lines, separator_of, split
from dolor.io.formats.text_numbers import filled, numbers
from dolor.knowledge.genes import detect_organism

# Columns of names before the values, such as an id and a symbol; more than that is no matrix.
_MOST_LABELS = 4
_MOST_ANNOTATIONS = 20


@dataclass
class _Rows:
    """The rows read so far: names, and the non-zero values with their places."""

    separator: str
    source: str
    labels: int = 0
    width: int = 0
    names: list[list[str]] = field(default_factory=list)
    annotations: dict[str, list[str]] = field(default_factory=dict)
    ends: list[int] = field(default_factory=lambda: [0])
    places: array[int] = field(default_factory=lambda: array("i"))
    values: array[float] = field(default_factory=lambda: array("f"))

    def add(self, line: str) -> None:
        """Take one row of values."""
        labels, rest = _cut_labels(line, self.separator, self.labels)
        found = filled(rest, self.separator)
        if found is None or (self.width and found[0] != self.width):
            raise DataError(
                f"{self.source}: the row of '{' '.join(labels)[:60]}' holds {_fault(rest, self.separator, self.width)}"
            )
        self.width, places, values = found
        self.places.frombytes(places.tobytes())
        self.values.frombytes(values.tobytes())
        self.ends.append(len(self.places))
        self.names.append(labels)

    def matrix(self) -> sparse.csr_matrix:
        """Return rows × columns."""
        values = np.frombuffer(self.values, dtype=np.float32) if self.values else np.zeros(0, np.float32)
        places = np.frombuffer(self.places, dtype=np.int32) if self.places else np.zeros(0, np.int32)
        return sparse.csr_matrix((values, places, np.asarray(self.ends)), shape=(len(self.names), self.width))


def read_dense_text(path: Path, orientation: str = "", annotation_rows: int = 0) -> Matrix:
    """Read a table of one value a gene and cell.

    Parameters
    ----------
    path
        The table, compressed or not; its separator is found out.
    orientation
        ``genes_by_cells``, ``cells_by_genes``; empty: the side with more names that are genes.
    annotation_rows
        How many rows under the header describe the cells. Rows there that hold no numbers are always taken so.

    Returns
    -------
    Values as 32-bit floats (exact for counts up to 16.7 million).

    Raises
    ------
    dolor.errors.DataError
        A row is longer or shorter than the others, or holds what is no number.
    """
    source = str(path)
    with unpacked(path) as stream:
        every = lines(stream, source)
        header = next(every, "")
        first = next(every, None)
        if first is None:
            raise DataError(f"{source}: holds {'one line' if header else 'no line'}; a table of counts has more")
        separator = separator_of(first)
        rows = _Rows(separator, source)
        _read_rows(rows, _chain(first, every), annotation_rows)
    columns = _column_names(split(header, separator), rows)
    names = [labels[0] for labels in rows.names]
    if (orientation or _guess(names, columns)) == "genes_by_cells":
        symbols, ids = _symbols(rows.names)
        obs = pd.DataFrame(rows.annotations)
        return Matrix(rows.matrix().T.tocsr(), columns, symbols, ids, obs).checked(source)
    return Matrix(rows.matrix(), names, columns).checked(source)


def _read_rows(rows: _Rows, every: Iterable[str], annotation_rows: int) -> None:
    for number, line in enumerate(every):
        if not rows.labels:
            labels = _count_labels(line, rows.separator)
            if number < annotation_rows or (labels == 0 and number < _MOST_ANNOTATIONS):
                name, *described = split(line, rows.separator)
                rows.annotations[name.strip() or f"row_{number + 1}"] = described
                continue
            rows.labels = max(labels, 1)
        rows.add(line)
    if not rows.names:
        raise DataError(f"{rows.source}: holds no row of numbers; this is no table of counts")


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _count_labels(line: str, separator: str) -> int:
    """Return how many fields come before the values; 0 if the row holds no numbers."""
    _, rest = _cut_labels(line, separator, 1)
    if numbers(rest, separator) is not None:
        return 1
    fields = split(line, separator)
    for labels in range(2, min(_MOST_LABELS, len(fields) - 1) + 1):
        if numbers(separator.join(fields[labels:]), separator) is not None:
            return labels
    return 0


def _cut_labels(line: str, separator: str, labels: int) -> tuple[list[str], str]:
    """Part the names at the start of a row from its values."""
    if '"' in line:
        fields = split(line, separator)
        return [field.strip() for field in fields[:labels]], separator.join(fields[labels:])
    *names, rest = [*line.split(separator, labels), ""][: labels + 1]
    return [name.strip() for name in names], rest


def _fault(text: str, separator: str, width: int) -> str:
    """Say what is wrong with a row that could not be read."""
    fields = text.split(separator)
    if width and len(fields) != width:
        return f"{len(fields)} values where the rows above hold {width}; the file is cut short or not one table"
    wrong = next((field for field in fields if numbers(field, separator) is None), "")
    return f"{wrong[:40]!r}, which is no number; the table has to hold counts only"


def _column_names(header: list[str], rows: _Rows) -> list[str]:
    """Return the names of the columns with values; R leaves out the name of the first column."""
    header = [name.strip() for name in header]
    if len(header) == rows.width + rows.labels:
        header = header[rows.labels :]
    if len(header) != rows.width:
        raise DataError(
            f"{rows.source}: the header names {len(header)} columns where the rows hold {rows.width} values; "
            "the first line has to name the columns"
        )
    for name, described in rows.annotations.items():
        rows.annotations[name] = described[len(described) - rows.width :]
        if len(rows.annotations[name]) != rows.width:
            raise DataError(f"{rows.source}: the row '{name}' describes {len(described)} of {rows.width} columns")
    return header


def _symbols(names: list[list[str]]) -> tuple[list[str], list[str] | None]:
    """Tell symbols from ids where a row carries both."""
    if len(names[0]) == 1:
        return [labels[0] for labels in names], None
    first, second = [labels[0] for labels in names], [labels[1] for labels in names]
    ids_first = sum(name.startswith("ENS") for name in first) >= sum(name.startswith("ENS") for name in second)
    return (second, first) if ids_first else (first, second)


def _guess(rows: list[str], columns: list[str]) -> str:
    """Tell which side names genes; a table whose names tell nothing has genes in its rows, as most have."""
    known = [max(detect_organism(names)[1] * len(names), 0) for names in (rows, columns)]
    return "cells_by_genes" if known[1] > known[0] else "genes_by_cells"
