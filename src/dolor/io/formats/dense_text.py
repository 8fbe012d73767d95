"""Numbers out of a line of text: the plain ones by a compiled scan, all others by numpy.

Dense text tables (csv, tsv, txt) of genes by cells or cells by genes, read a line at a time.

Only what is not zero is kept: about 8 bytes a stored value, and twice that at the end while the rows are turned into
cells. A table of several gigabytes needs no more than its non-zero values do.
"""

from __future__ import annotations

import re
import warnings
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError
from dolor.io.formats.content import lines, separator_of, split, unpacked
from dolor.io.formats.long_text import long_columns, read_long_rows
from dolor.io.formats.matrix import Matrix
from dolor.io.gene_names import is_ensembl
from dolor.io.guards import MemoryBudget
from dolor.knowledge.genes import detect_organism

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["filled", "numbers", "read_dense_text"]

# Shorter rows are not worth waiting for the compiler.
_WORTH_COMPILING = 256


def filled(text: str, separator: str) -> tuple[int, np.ndarray[Any, Any], np.ndarray[Any, Any]] | None:
    """Read the numbers of a line that are not zero.

    Parameters
    ----------
    text
        Numbers with separators between them.
    separator
        One character.

    Returns
    -------
    How many numbers there are; places and values of those that are not zero. None if anything else stands there.

    Examples
    --------
    >>> number, places, values = filled("0,3,0,1.5", ",")
    >>> number, places.tolist(), values.tolist()
    (4, [1, 3], [3.0, 1.5])
    """
    if len(text) > _WORTH_COMPILING and separator != " ":
        line = np.frombuffer(text.encode(), dtype=np.uint8)
        width = text.count(separator) + 1
        places, values = np.empty(width, np.int32), np.empty(width, np.float32)
        kept = _scan()(line, ord(separator), places, values)
        if kept >= 0:
            return width, places[:kept], values[:kept]
    row = numbers(text, separator)
    if row is None:
        return None
    where = np.flatnonzero(row)
    return len(row), where.astype(np.int32), row[where].astype(np.float32)


def numbers(text: str, separator: str) -> np.ndarray[Any, Any] | None:
    """Read all numbers of a line, in any form that C knows; None if anything else stands there."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            row = np.fromstring(text, dtype=np.float64, sep=separator)
        except (DeprecationWarning, ValueError):
            return None
    return row if len(row) == text.count(separator) + 1 or separator == " " else None


@lru_cache(maxsize=1)
def _scan() -> Callable[..., int]:
    """Compile the scan, once; numba keeps it on disk."""
    import numba

    return numba.njit(cache=True)(_plain_numbers)  # type: ignore[no-any-return]


def _plain_numbers(line: Any, separator: int, places: Any, values: Any) -> int:
    """Read digits with or without a decimal point; -1 as soon as anything else stands there."""
    kept, field, value, scale, digits = 0, 0, 0.0, 0.0, 0
    for position in range(len(line) + 1):
        character = line[position] if position < len(line) else separator
        if 48 <= character <= 57:
            digits += 1
            if digits > 15:
                return -1
            if scale == 0.0:
                value = value * 10.0 + (character - 48)
            else:
                value += (character - 48) * scale
                scale *= 0.1
        elif character == separator:
            if digits == 0:
                return -1
            if value != 0.0:
                places[kept] = field
                values[kept] = value
                kept += 1
            field, value, scale, digits = field + 1, 0.0, 0.0, 0
        elif character == 46 and scale == 0.0 and digits > 0:
            scale = 0.1
        else:
            return -1
    return kept


# Columns of names before the values, such as an id and a symbol, or the places that featureCounts writes.
_MOST_LABELS = 8
# What programs write about a gene, or about a cell, beside its counts.
_OF_GENES = re.compile(
    r"Length|gene_?length|Start|End|Strand|Chr(omosome)?|entrez(gene)?_?(id)?|gene_?(bio)?type|description|width",
    re.IGNORECASE,
)
_OF_CELLS = re.compile(
    r"(nCount|nFeature)_\w+|percent[._]\w+|seurat_clusters|\w*snn_res[._][\d.]+|orig[._]ident|S[._]Score|G2M[._]Score"
    r"|n_genes(_by_counts)?|n_counts|n_umis?|total_counts\w*|pct_counts_\w+|log1p_\w+|louvain|leiden|clusters?|batch"
    r"|doublet_scores?|pANN_\w+|(UMAP|tSNE)[_-]?\d+|PC[_-]\d+|nUMI|nGene",
    re.IGNORECASE,
)
_MOST_ANNOTATIONS = 20


@dataclass
class _Rows:
    """The rows read so far: names, and the non-zero values with their places."""

    separator: str
    source: str
    labels: int = 0
    width: int = 0
    names: list[list[str]] = field(default_factory=list)
    annotations: dict[str, list[Any]] = field(default_factory=dict)
    ends: list[int] = field(default_factory=lambda: [0])
    places: array[int] = field(default_factory=lambda: array("i"))
    values: array[float] = field(default_factory=lambda: array("f"))
    budget: MemoryBudget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = MemoryBudget(self.source)

    def add(self, line: str) -> None:
        """Take one row of values."""
        labels, rest = _cut_labels(line, self.separator, self.labels)
        found = filled(rest, self.separator)
        if found is None or (self.width and found[0] != self.width):
            raise DataError(
                f"{self.source}: the row of '{' '.join(labels)[:60]}' holds {_fault(rest, self.separator, self.width)}"
            )
        self.width, places, values = found
        # 8 bytes a value now, and as many while rows are turned into cells; some hundred for the names of a row.
        self.budget.take(8 * len(places) + 200 + 64 * len(labels))
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
    dolor.core.errors.DataError
        A row is longer or shorter than the others, or holds what is no number.
    """
    source = str(path)
    with unpacked(path) as stream:
        # featureCounts writes its command in a first line that begins with #.
        every = (line for line in lines(stream, source) if not line.startswith("#"))
        header = next(every, "")
        first = next(every, None)
        if first is None:
            raise DataError(f"{source}: holds {'one line' if header else 'no line'}; a table of counts has more")
        separator = separator_of(first)
        places = long_columns(split(header, separator), split(first, separator))
        if places is not None:
            return read_long_rows(_chain(first, every), separator, places, source)
        rows = _Rows(separator, source)
        _read_rows(rows, _chain(first, every), annotation_rows)
    columns = _column_names(split(header, separator), rows)
    names = [labels[0] for labels in rows.names]
    if (orientation or _guess(names, columns)) == "genes_by_cells":
        symbols, ids = _symbols(rows.names)
        measures = [place for place, name in enumerate(symbols) if _OF_CELLS.fullmatch(name)]
        for place in measures if len(measures) < len(symbols) else ():
            rows.annotations[symbols[place]] = rows.matrix()[[place]].toarray().ravel().tolist()
        values, columns, described = _without_descriptions(rows.matrix(), columns, _OF_GENES)
        obs = pd.DataFrame(rows.annotations)
        if described:
            kept = [place for place in range(rows.width) if place not in described]
            obs = obs.iloc[kept] if len(obs.columns) else obs
        if measures and len(measures) < len(symbols):
            genes = [place for place in range(len(symbols)) if place not in set(measures)]
            values, symbols = values[genes], [symbols[place] for place in genes]
            ids = None if ids is None else [ids[place] for place in genes]
        return Matrix(values.T.tocsr(), columns, symbols, ids, obs=obs).checked(source)
    every_column = columns
    values, columns, described = _without_descriptions(rows.matrix(), columns, _OF_CELLS)
    whole = rows.matrix() if described else values
    obs = pd.DataFrame({every_column[place]: whole[:, [place]].toarray().ravel() for place in described})
    return Matrix(values, names, columns, obs=obs).checked(source)


def _without_descriptions(
    values: sparse.csr_matrix, columns: list[str], describes: re.Pattern[str]
) -> tuple[sparse.csr_matrix, list[str], list[int]]:
    """Return a matrix without the columns that describe its rows, such as their sums, and the places of these."""
    described = [place for place, name in enumerate(columns) if describes.fullmatch(name)]
    if not described or len(described) == len(columns):
        return values, columns, []
    kept = [place for place in range(len(columns)) if place not in set(described)]
    return sparse.csr_matrix(values[:, kept]), [columns[place] for place in kept], described


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
    """Return symbols and ids where a row carries several names, of which some may be places on chromosomes."""
    columns = [list(column) for column in zip(*names, strict=True)]
    if len(columns) == 1:
        return columns[0], None
    with_ids = next((column for column in columns if sum(map(is_ensembl, column)) > len(column) / 2), None)
    others = [column for column in columns if column is not with_ids and len(set(column)) > len(column) / 2]
    known = [detect_organism(column)[1] for column in others]
    best = others[known.index(max(known))] if others and max(known) > 0 else None
    if best is None:
        best = columns[0] if with_ids is None else others[0] if len(columns) == 2 and others else with_ids
    return best, with_ids


def _guess(rows: list[str], columns: list[str]) -> str:
    """Tell which side names genes; a table whose names tell nothing has genes in its rows, as most have."""
    known = [max(detect_organism(names)[1] * len(names), 0) for names in (rows, columns)]
    return "cells_by_genes" if known[1] > known[0] else "genes_by_cells"
