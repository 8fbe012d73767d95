"""Lines of a text table: separators, quotes, byte-order marks and line ends of any system."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from dolor.errors import DataError
from dolor.io.formats.content import unpacked

# A million cells of a few characters each fit; a file without line ends does not.
LONGEST_LINE = 64 * 2**20
_SEPARATORS = ("\t", ",", ";", " ")


def lines(stream: IO[bytes], source: str) -> Iterator[str]:
    """Give the lines of a stream without their ends; empty ones are left out.

    Raises
    ------
    dolor.errors.DataError
        A line has no end within 64 MiB, or the bytes are no text.
    """
    first = True
    while piece := stream.readline(LONGEST_LINE):
        if len(piece) == LONGEST_LINE:
            raise DataError(f"{source}: has a line of more than {LONGEST_LINE:,} bytes; this is no table")
        if first:
            piece, first = piece.removeprefix(b"\xef\xbb\xbf"), False
        try:
            line = piece.decode("utf-8")
        except UnicodeDecodeError:
            line = piece.decode("latin-1")
        line = line.rstrip("\r\n")
        if line:
            yield line


def separator_of(line: str) -> str:
    """Guess the separator of a line: that which stands in it most often, a tab before a comma before a space."""
    counts = {separator: line.count(separator) for separator in _SEPARATORS}
    if counts["\t"]:
        return "\t"
    return max(_SEPARATORS, key=lambda separator: counts[separator]) if any(counts.values()) else "\t"


def split(line: str, separator: str) -> list[str]:
    """Split a line into fields, with quotes understood."""
    if '"' not in line:
        return line.split(separator)
    return next(csv.reader([line], delimiter=separator))


def read_rows(path: Path) -> list[list[str]]:
    """Read a small text table whole, every field as text."""
    with unpacked(path) as stream:
        kept = list(lines(stream, str(path)))
    if not kept:
        raise DataError(f"{path}: holds no lines")
    separator = separator_of(kept[0])
    return [[field.strip() for field in split(line, separator)] for line in kept]
