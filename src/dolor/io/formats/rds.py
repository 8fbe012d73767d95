"""R's serialization (``saveRDS``, binary XDR), read from a stream without running anything that it says.

Vectors become numpy arrays, lists Python lists; attributes are kept beside. Functions, environments and pointers
are refused: no matrix needs them. Real numbers that are all integers are kept in 32 bits, piece by piece, so that
the 8-byte form of a large matrix is never in memory.

R files (``saveRDS``) that hold one sparse matrix, dense matrix or data frame of counts, genes in rows.

A Seurat object is more than that; in R:  ``saveRDS(Seurat::GetAssayData(object, layer = "counts"), "counts.rds")``
and  ``write.csv(object@meta.data, "metadata.csv")``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError, IntegrityError
from dolor.io.formats.content import unpacked
from dolor.io.formats.matrix import Matrix
from dolor.io.guards import MemoryBudget, check_memory

__all__ = ["RObject", "Reader", "read_rds", "read_rds_table"]

_SYMBOL, _PAIRS, _LANGUAGE, _CHARACTER, _LOGICAL, _INTEGER, _REAL, _STRINGS, _LIST, _EXPRESSION, _RAW, _S4 = (
    1, 2, 6, 9, 10, 13, 14, 16, 19, 20, 24, 25,
)  # fmt: skip
_ALTERNATIVE, _ATTRIBUTED_PAIRS, _NIL, _REFERENCE = 238, 239, 254, 255
# Values that stand for an environment and carry nothing: empty, base, missing argument, unbound, global.
_NAMED = {242: None, 241: None, 253: None, 252: None, 251: None, 247: None}
_PIECE = 1 << 20
_OBJECT = 128
# Counts in R's form shrink up to some hundred times.
_LARGEST_RATIO = 400
_DEEPEST = 100
# Values of a sequence of which the file holds only length, start and step.
_LONGEST = 1 << 26
_MISSING_INTEGER = -(2**31)


@dataclass
class RObject:
    """A value of R: data, attributes by name, and R's type."""

    kind: int
    value: Any
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> list[str]:
        """The classes that it says it is of."""
        found = self.attributes.get("class")
        return list(found.value) if isinstance(found, RObject) and found.kind == _STRINGS else []


class Reader:
    """Reads one object from a stream of R's serialization.

    Parameters
    ----------
    stream
        Bytes after decompression.
    source
        Name of the file, for messages.
    """

    def __init__(self, stream: IO[bytes], source: str) -> None:
        self._stream = stream
        self._source = source
        self._references: list[Any] = []
        self._budget = MemoryBudget(source)
        self._sequences = 0
        if self._exactly(2) != b"X\n":
            raise DataError(f"{source}: is no R file in binary form; write it with saveRDS(x, file)")
        version, _, _ = (self._integer() for _ in range(3))
        if version not in (2, 3):
            raise DataError(f"{source}: is of version {version} of R's format; versions 2 and 3 are read")
        if version == 3:
            self._exactly(self._length())

    def read(self, depth: int = 0) -> Any:
        """Read the next value."""
        if depth > _DEEPEST:
            raise DataError(f"{self._source}: is nested more than {_DEEPEST} deep; save the counts alone with saveRDS")
        flags = self._integer()
        kind = flags & 0xFF
        if kind == _NIL or kind in _NAMED:
            return None
        if kind == _REFERENCE:
            return self._referred((flags >> 8) or self._integer())
        if kind == _SYMBOL:
            self._references.append(self.read(depth + 1))
            return self._references[-1]
        if kind == _CHARACTER:
            return self._text()
        if kind in (_PAIRS, _LANGUAGE, _ATTRIBUTED_PAIRS):
            return self._pairs(flags, depth)
        if kind == _ALTERNATIVE:
            return self._alternative(depth)
        return self._with_attributes(flags, depth)

    def _vector(self, kind: int, depth: int) -> Any:
        if kind == _S4:
            return None
        if kind in (_LOGICAL, _INTEGER):
            return self._numbers(self._length(), ">i4", np.dtype(np.int32))
        if kind == _REAL:
            return self._reals(self._length())
        if kind in (_STRINGS, _LIST, _EXPRESSION):
            return [self.read(depth + 1) for _ in range(self._length())]
        if kind == _RAW:
            return self._exactly(self._length())
        raise DataError(
            f"{self._source}: holds a value of R's type {kind} (a function, an environment or the like); "
            "save the counts alone: saveRDS(counts, file), with counts a dgCMatrix or a data frame"
        )

    def _pairs(self, flags: int, depth: int) -> dict[str, Any]:
        """Read a list of tagged values to its end; the tail of each is the next."""
        found: dict[str, Any] = {}
        while True:
            if flags & 0x200:
                self.read(depth + 1)
            tag = self.read(depth + 1) if flags & 0x400 else None
            found[str(tag) if tag is not None else f"#{len(found)}"] = self.read(depth + 1)
            flags = self._integer()
            if flags & 0xFF not in (_PAIRS, _LANGUAGE, _ATTRIBUTED_PAIRS):
                if flags & 0xFF != _NIL:
                    raise DataError(f"{self._source}: holds a list that ends in R's type {flags & 0xFF}")
                return found

    def _alternative(self, depth: int) -> Any:
        """Read a vector that R keeps in a shorter form."""
        info, state, attributes = self.read(depth + 1), self._state(depth), self.read(depth + 1)
        name = str(next(iter((info or {}).values()), ""))
        if name in ("compact_intseq", "compact_realseq"):
            length, start, step = (float(value) for value in state.value)
            kind, limit = (_INTEGER, 2**31) if name == "compact_intseq" else (_REAL, 2**53)
            last = start + step * length
            if not (0 <= length <= _LONGEST and abs(start) < limit and abs(last) < limit):
                raise IntegrityError(
                    f"{self._source}: holds a sequence of {length} values from {start} by {step}; it is damaged"
                )
            self._sequences += int(length)
            if self._sequences > _LONGEST:
                raise DataError(f"{self._source}: stands for more values than it holds; refused as a bomb")
            self._budget.take(8 * int(length))
            sequence = start + step * np.arange(int(length))
            found = RObject(kind, sequence.astype(np.int32 if kind == _INTEGER else float))
        elif name.startswith("wrap_"):
            found = state.value[0]
        elif name == "deferred_string":
            numbers = next(iter(state.values()))
            found = RObject(_STRINGS, [f"{number:.15g}" for number in numbers.value])
        else:
            raise DataError(f"{self._source}: holds R's short form '{name[:40]}', which is not read here")
        if attributes:
            found.attributes = {**found.attributes, **attributes}
        return found

    def _state(self, depth: int) -> Any:
        """Read the state of a short form; a pair whose second half is a plain value ends there."""
        flags = self._integer()
        if flags & 0xFF != _PAIRS:
            return self._with_attributes(flags, depth)
        for present in (0x200, 0x400):
            if flags & present:
                self.read(depth + 1)
        return {"first": self.read(depth + 1), "second": self.read(depth + 1)}

    def _with_attributes(self, flags: int, depth: int) -> RObject:
        found = RObject(flags & 0xFF, self._vector(flags & 0xFF, depth))
        if flags & 0x200:
            found.attributes = self.read(depth + 1) or {}
        return found

    def _referred(self, place: int) -> Any:
        if not 0 < place <= len(self._references):
            raise IntegrityError(f"{self._source}: refers to a name that it does not hold; it is damaged")
        return self._references[place - 1]

    def _text(self) -> str | None:
        length = self._integer()
        return None if length == -1 else self._exactly(length).decode("utf-8", "replace")

    def _length(self) -> int:
        length = self._integer()
        if length == -1:
            high, low = self._integer(), self._integer()
            length = (high << 32) + (low & 0xFFFFFFFF)
        if length < 0:
            raise IntegrityError(f"{self._source}: holds a vector of {length} values; it is damaged")
        return length

    def _integer(self) -> int:
        # Every value begins with one; a value of R is at least an object of Python.
        self._budget.take(_OBJECT)
        return int(struct.unpack(">i", self._exactly(4))[0])

    def _numbers(self, length: int, stored: str, kept: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """Read numbers piece by piece; a length that lies is found out before its memory is taken."""
        width = np.dtype(stored).itemsize
        pieces = [
            np.frombuffer(self._exactly(min(_PIECE, length - start) * width), dtype=stored).astype(kept)
            for start in range(0, length, _PIECE)
        ]
        return _joined(pieces, kept)

    def _reals(self, length: int) -> np.ndarray[Any, Any]:
        pieces = []
        for start in range(0, length, _PIECE):
            piece = np.frombuffer(self._exactly(min(_PIECE, length - start) * 8), dtype=">f8")
            whole = bool(np.all((np.abs(piece) < 2**31) & (piece == np.rint(piece))))
            pieces.append(piece.astype(np.int32 if whole else np.float64))
        return _joined(pieces, np.dtype(np.float64) if not pieces else np.result_type(*pieces))

    def _exactly(self, number: int) -> bytes:
        if number < 0:
            raise IntegrityError(f"{self._source}: holds a length of {number}; it is damaged")
        self._budget.take(number if number > _OBJECT else 0)
        taken = b"" if number == 0 else self._stream.read(min(number, 1 << 26))
        parts, missing = [taken], number - len(taken)
        while missing and parts[-1]:
            parts.append(self._stream.read(min(missing, 1 << 26)))
            missing -= len(parts[-1])
        if missing:
            raise IntegrityError(f"{self._source}: ends too early; fetch it again")
        return b"".join(parts)


def _joined(pieces: list[np.ndarray[Any, Any]], kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Join pieces into one array and let each go once it is copied."""
    whole = np.empty(sum(map(len, pieces)), dtype=kind)
    start = 0
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        whole[start : start + len(piece)] = piece
        start += len(piece)
    return whole


_ADVICE = (
    "save the counts alone in R:  saveRDS(counts, 'counts.rds')  with counts a dgCMatrix; for a Seurat object "
    "counts <- Seurat::GetAssayData(object, layer = 'counts')"
)


def read_rds(path: Path, orientation: str = "") -> Matrix:
    """Read an R file with one matrix of counts.

    Parameters
    ----------
    path
        The file, compressed once or twice or not at all.
    orientation
        ``cells_by_genes`` where genes stand in columns; else genes are in rows.

    Raises
    ------
    dolor.core.errors.DataError
        It holds something else, such as a Seurat object, or a matrix without names.
    """
    source = str(path)
    with unpacked(path, _LARGEST_RATIO) as stream:
        found = Reader(stream, source).read()
    values, rows, columns = _matrix(found, source)
    if rows is None or columns is None:
        raise DataError(f"{source}: its matrix has no names of {'genes' if rows is None else 'cells'}; {_ADVICE}")
    if orientation == "cells_by_genes":
        return Matrix(sparse.csr_matrix(values), rows, columns).checked(source)
    return Matrix(sparse.csr_matrix(values.T), columns, rows).checked(source)


def _matrix(found: Any, source: str) -> tuple[Any, list[str] | None, list[str] | None]:
    """Return rows × columns with the names of both."""
    classes = found.classes if isinstance(found, RObject) else []
    if "dgCMatrix" in classes or "dgRMatrix" in classes or "dgTMatrix" in classes:
        return _sparse(found, classes[0], source)
    if "data.frame" in classes:
        return _frame(found, source)
    if isinstance(found, RObject) and "dim" in found.attributes and isinstance(found.value, np.ndarray):
        shape = tuple(int(size) for size in found.attributes["dim"].value)
        if len(shape) == 2 and shape[0] * shape[1] == len(found.value):
            return sparse.csc_matrix(found.value.reshape(shape, order="F")), *_names(found.attributes.get("dimnames"))
    what = f"an object of class {', '.join(classes)[:80]}" if classes else "no matrix"
    raise DataError(f"{source}: holds {what}, where a sparse matrix or a data frame is read; {_ADVICE}")


def _sparse(found: RObject, kind: str, source: str) -> tuple[Any, list[str] | None, list[str] | None]:
    slots = found.attributes
    try:
        shape = (int(slots["Dim"].value[0]), int(slots["Dim"].value[1]))
        values = slots["x"].value
        names = _names(slots.get("Dimnames"))
        if kind == "dgTMatrix" and any(
            side is not None and len(side) != n for side, n in zip(names, shape, strict=True)
        ):
            raise ValueError(f"it has the shape {shape} and other numbers of names")
        if kind == "dgTMatrix":
            check_memory(8 * max(shape), source)
            matrix: Any = sparse.coo_matrix((values, (slots["i"].value, slots["j"].value)), shape=shape).tocsc()
        elif kind == "dgRMatrix":
            matrix = sparse.csr_matrix((values, slots["j"].value, slots["p"].value), shape=shape)
        else:
            matrix = sparse.csc_matrix((values, slots["i"].value, slots["p"].value), shape=shape)
        matrix.check_format(full_check=True)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise DataError(f"{source}: its {kind} is broken ({error}); write it again from R") from None
    return matrix, *names


def _frame(found: RObject, source: str) -> tuple[Any, list[str] | None, list[str] | None]:
    names = list(found.attributes["names"].value)
    columns = found.value
    rows = _row_names(found.attributes.get("row.names"))
    # A first column of text holds the genes where the rows are only numbered.
    if columns and columns[0].value is not None and not isinstance(columns[0].value, np.ndarray):
        rows, names, columns = list(columns[0].value), names[1:], columns[1:]
    for name, column in zip(names, columns, strict=True):
        if not isinstance(column.value, np.ndarray) or "levels" in column.attributes:
            raise DataError(f"{source}: the column '{name}' of its data frame holds no numbers; {_ADVICE}")
    pieces = [sparse.csc_matrix(column.value.reshape(-1, 1)) for column in columns]
    if not pieces:
        raise DataError(f"{source}: its data frame has no columns of numbers; {_ADVICE}")
    return sparse.hstack(pieces, format="csc"), rows, names


def _row_names(found: Any) -> list[str] | None:
    return list(found.value) if isinstance(found, RObject) and isinstance(found.value, list) else None


def _names(found: Any) -> tuple[list[str] | None, list[str] | None]:
    if not isinstance(found, RObject) or not isinstance(found.value, list) or len(found.value) != 2:
        return None, None
    rows, columns = (list(side.value) if isinstance(side, RObject) else None for side in found.value)
    return rows, columns


def read_rds_table(path: Path) -> pd.DataFrame:
    """Read an R file with a data frame of text and numbers, such as the metadata of a study, every field as text."""
    source = str(path)
    try:
        with unpacked(path, _LARGEST_RATIO) as stream:
            found = Reader(stream, source).read()
        if not isinstance(found, RObject) or "data.frame" not in found.classes:
            raise DataError(f"{source}: holds no data frame; write the table with write.csv")
        return _table(found)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise IntegrityError(f"{source}: its data frame is broken ({error}); write the table with write.csv") from error


def _table(found: RObject) -> pd.DataFrame:
    columns = {}
    for name, column in zip(found.attributes["names"].value, found.value, strict=True):
        values = column.value
        if "levels" in column.attributes:
            levels = column.attributes["levels"].value
            values = [levels[code - 1] if 0 < code <= len(levels) else "" for code in values]
        columns[name] = ["" if value is None else str(value) for value in values]
    return pd.DataFrame(columns, index=_row_names(found.attributes.get("row.names")), dtype=object)
