"""R's serialization (``saveRDS``, binary XDR), read from a stream without running anything that it says.

Vectors become numpy arrays, lists Python lists; attributes are kept beside. Environments and functions are passed
over: no matrix needs them. Real numbers that are all integers are kept in 32 bits, piece by piece, so that the 8-byte
form of a large matrix is never in memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from dolor.core.errors import DataError, IntegrityError
from dolor.io.guards import MemoryBudget

__all__ = ["RObject", "Reader"]

_SYMBOL, _PAIRS, _LANGUAGE, _CHARACTER, _LOGICAL, _INTEGER, _REAL, _STRINGS, _LIST, _EXPRESSION, _RAW, _S4 = (
    1, 2, 6, 9, 10, 13, 14, 16, 19, 20, 24, 25,
)  # fmt: skip
_ALTERNATIVE, _ATTRIBUTED_PAIRS, _ATTRIBUTED_CALL, _NIL, _REFERENCE = 238, 239, 240, 254, 255
_CLOSURE, _ENVIRONMENT, _PROMISE, _BYTECODE, _POINTER = 3, 4, 5, 21, 22
# Parts of compiled functions: a pair that is defined here, and one that was before.
_DEFINED, _BEFORE = 244, 243
# Names of packages and of what a program keeps elsewhere, written as a list of texts.
_PACKAGES = (247, 248, 249)
# Values that stand for an environment and carry nothing: empty, base, the base namespace, missing, unbound, global.
_NAMED = {241, 242, 250, 251, 252, 253}
_PIECE = 1 << 20
_OBJECT = 128
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
        self._check_depth(depth)
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
        if kind in (_PAIRS, _LANGUAGE, _ATTRIBUTED_PAIRS, _ATTRIBUTED_CALL):
            return self._pairs(flags, depth)
        if kind in (_CLOSURE, _PROMISE, _ENVIRONMENT, _BYTECODE, _POINTER, *_PACKAGES):
            return self._passed_over(kind, flags, depth)
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

    def _passed_over(self, kind: int, flags: int, depth: int) -> None:
        """Read past a function, an environment or a pointer; later values may refer to it by number."""
        if kind in (_CLOSURE, _PROMISE):
            for present in (flags & 0x200, flags & 0x400, 1, 1):
                if present:
                    self.read(depth + 1)
            return
        if kind == _BYTECODE:
            self._integer()
            self._compiled(depth)
            if flags & 0x200:
                self.read(depth + 1)
            return
        self._references.append(None)
        if kind in _PACKAGES:
            self._integer()
            for _ in range(self._length()):
                self.read(depth + 1)
            return
        if kind == _ENVIRONMENT:
            self._integer()
        for _ in range(4 if kind == _ENVIRONMENT else 2):
            self.read(depth + 1)
        if kind == _POINTER and flags & 0x200:
            self.read(depth + 1)

    def _compiled(self, depth: int) -> None:
        """Read past a compiled function: its code and its constants."""
        self._check_depth(depth)
        self.read(depth + 1)
        for _ in range(self._integer()):
            kind = self._integer()
            if kind == _BYTECODE:
                self._compiled(depth + 1)
            else:
                self._constant(kind, depth + 1)

    def _constant(self, kind: int, depth: int) -> None:
        self._check_depth(depth)
        while kind in (_DEFINED, _LANGUAGE, _PAIRS, _ATTRIBUTED_CALL, _ATTRIBUTED_PAIRS):
            if kind == _DEFINED:
                self._integer()
                kind = self._integer()
            if kind in (_ATTRIBUTED_CALL, _ATTRIBUTED_PAIRS):
                self.read(depth + 1)
            self.read(depth + 1)
            self._constant(self._integer(), depth + 1)
            kind = self._integer()
        if kind == _BEFORE:
            self._integer()
        else:
            self.read(depth + 1)

    def _check_depth(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise DataError(f"{self._source}: is nested more than {_DEEPEST} deep; save the counts alone with saveRDS")

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
