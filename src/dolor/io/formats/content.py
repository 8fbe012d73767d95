"""What a file is, told from its first bytes and not from its name.

Lines of a text table: separators, quotes, byte-order marks and line ends of any system.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from dolor.core.errors import DataError, IntegrityError
from dolor.io.guards import Bounded, MemoryBudget, most_unpacked

__all__ = [
    "LONGEST_LINE",
    "check_regular",
    "is_packed",
    "kind_of",
    "lines",
    "read_rows",
    "separator_of",
    "split",
    "unpacked",
]

# GEO keeps files that were already compressed, compressed once more; nobody does it thrice.
_LAYERS = 2
_HEAD = 4096
# A table of names or of cells shrinks about fifty times at most; a Python object takes about this much.
_LARGEST_TABLE_RATIO, _TEXT_OBJECT = 250, 64
_PACKED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_STARTS = (
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"PK\x03\x04", "zip"),
    (b"X\n", "rds"),
    (b"A\n", "rds_text"),
    (b"B\n", "rds_text"),
    (b"RDX", "rdata"),
    (b"MATLAB", "matlab"),
    (b"%%MatrixMarket", "mtx"),
    (b"!Series_", "series_matrix"),
    (b"!Sample_", "series_matrix"),
)
_WEB = (b"<!doc", b"<html", b"<head", b"<?xml")


@contextmanager
def unpacked(path: Path, ratio: int = 1000) -> Iterator[IO[bytes]]:
    """Open a file through up to two layers of gzip, bzip2 or xz.

    Parameters
    ----------
    path
        The file.
    ratio
        How many times its size it may unpack to, all layers together.

    Raises
    ------
    dolor.core.errors.DataError
        The file is missing, empty, cannot be read or is no regular file; or it unpacks to far more than its size.
    dolor.core.errors.IntegrityError
        A layer ends too early or is damaged; also when that shows while the block reads.
    """
    check_regular(path)
    opened: list[IO[bytes]] = []
    try:
        stream: IO[bytes] = path.open("rb")
        opened.append(stream)
        for _ in range(_LAYERS):
            opener = _opener(stream)
            if opener is None:
                break
            layer = Bounded(opener(stream, "rb"), path, most_unpacked(path.stat().st_size, ratio))
            stream = io.BufferedReader(layer, 1 << 18)
            opened.append(stream)
        yield stream
    except PermissionError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, OSError) as error:
        raise IntegrityError(f"{path}: ends too early or is damaged ({error}); fetch it again") from error
    except Exception as error:
        if type(error).__name__ == "error" and type(error).__module__ == "zlib":
            raise IntegrityError(f"{path}: is damaged ({error}); fetch it again") from error
        raise
    finally:
        for held in reversed(opened):
            held.close()


def _opener(stream: IO[bytes]) -> Callable[..., Any] | None:
    """Return what opens the layer that begins here, if one does."""
    start = stream.peek(6)[:6] if hasattr(stream, "peek") else b""
    return next((opener for magic, opener in _PACKED.items() if start.startswith(magic)), None)


def is_packed(path: Path) -> bool:
    """Tell whether a file is compressed as a whole."""
    with path.open("rb") as stream:
        return _opener(stream) is not None


def check_regular(path: Path) -> None:
    """Refuse what is missing, no regular file, or empty."""
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if not path.is_file():
        raise DataError(f"{path}: is not a regular file")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if size == 0:
        raise DataError(f"{path}: is empty (0 bytes)")


def kind_of(path: Path) -> str:
    """Tell what a file holds, behind its compression.

    Returns
    -------
    One of ``hdf5 zip tar rds rds_text rdata matlab mtx series_matrix web_page text unknown``.
    """
    with unpacked(path) as stream:
        head = stream.read(_HEAD)
    if not head:
        raise DataError(f"{path}: is empty once it is unpacked")
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[257:262] == b"ustar":
        return "tar"
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_WEB):
        return "web_page"
    return "unknown" if b"\0" in head else "text"


# A million cells of a few characters each fit; a file without line ends does not.
LONGEST_LINE = 64 * 2**20
_SEPARATORS = ("\t", ",", ";", " ")


def lines(stream: IO[bytes], source: str) -> Iterator[str]:
    """Give the lines of a stream without their ends; empty ones are left out.

    Raises
    ------
    dolor.core.errors.DataError
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
    kept: list[list[str]] = []
    budget, separator = MemoryBudget(path), ""
    with unpacked(path, _LARGEST_TABLE_RATIO) as stream:
        for line in lines(stream, str(path)):
            separator = separator or separator_of(line)
            fields = [field.strip() for field in split(line, separator)]
            budget.take(len(line) + _TEXT_OBJECT * (len(fields) + 1))
            kept.append(fields)
    if not kept:
        raise DataError(f"{path}: holds no lines")
    return kept
