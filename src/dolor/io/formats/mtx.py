"""Matrix Market with names beside it: 10x folders (version 2 and 3), flat GEO names with prefixes."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd
from scipy import io as scipy_io
from scipy import sparse

from dolor.core.errors import DataError
from dolor.io.formats.content import is_packed, read_rows, unpacked
from dolor.io.formats.matrix import Matrix
from dolor.io.gene_names import FEATURE_KINDS, is_ensembl
from dolor.io.guards import check_memory, most_unpacked

# alevin calls its genes ``quants_mat_cols``, kallisto with bustools ``cells_x_genes.genes``.
_GENES = re.compile(r"(features|genes|gene_names|quants_mat_cols)\.(tsv|txt|csv)(\.gz)*$", re.IGNORECASE)
_BARCODES = re.compile(r"(barcodes|cells|cell_names|quants_mat_rows)\.(tsv|txt|csv)(\.gz)*$", re.IGNORECASE)
_MATRIX = re.compile(r"(matrix|quants_mat|mat|counts?)?\.mtx(\.gz)*$", re.IGNORECASE)
# Entries shrink about tenfold; a header that promises more of them than that lies.
_LARGEST_RATIO = 250
# "1 1" and a line end for a pattern; two indices and a value of 8 bytes, and once more while they are sorted.
_SHORTEST_ENTRY, _ENTRY_IN_MEMORY, _MOST_HEADERS = 4, 32, 2


def read_mtx(path: Path, genes: Path | None = None, barcodes: Path | None = None) -> Matrix:
    """Read a Matrix Market file, its genes and its barcodes.

    Parameters
    ----------
    path
        The matrix.
    genes, barcodes
        The files with the names; by default those beside it whose names begin most alike.

    Raises
    ------
    dolor.core.errors.DataError
        The names are not there or do not match, or the matrix is shorter than its header says.
    """
    features = _features(genes or _beside(path, _GENES, "genes or features"))
    cells = [row[0] for row in read_rows(barcodes or _beside(path, _BARCODES, "barcodes"))]
    values = _values(path, (len(features), len(cells)))
    features = features.iloc[_header_lines(len(features), values.shape) :].reset_index(drop=True)
    cells = cells[_header_lines(len(cells), values.shape) :]
    if values.shape == (len(features), len(cells)):
        values = values.T
    ids, kinds = (features[name].tolist() if name in features.columns else None for name in ("id", "kind"))
    return Matrix(sparse.csr_matrix(values), cells, features["name"].tolist(), ids, kinds).checked(str(path))


def prefix_of(path: Path) -> str:
    """Return what stands in a name before ``matrix.mtx``, which tells flat samples apart."""
    return _MATRIX.sub("", path.name).rstrip("._-")


def _features(path: Path) -> pd.DataFrame:
    rows = read_rows(path)
    width = min(map(len, rows), default=0)
    if width == 0:
        raise DataError(f"{path}: holds no gene names")
    if width == 1:
        return pd.DataFrame({"name": [row[0] for row in rows]})
    first, second = [row[0] for row in rows], [row[1] for row in rows]
    if set(map(str.lower, second)) <= FEATURE_KINDS:
        return pd.DataFrame({"name": first, "kind": second})
    if sum(map(is_ensembl, second)) > sum(map(is_ensembl, first)):
        first, second = second, first
    columns = {"id": first, "name": second}
    if width > 2:
        columns["kind"] = [row[2] for row in rows]
    return pd.DataFrame(columns)


def _header_lines(names: int, shape: tuple[int, int]) -> int:
    """Return 1 where a list of names is one longer than a side of the matrix, which makes its first line a header."""
    return int(names not in shape and names - 1 in shape)


def _beside(path: Path, pattern: re.Pattern[str], what: str) -> Path:
    """Find the file of names that belongs to a matrix: barcodes of its own sample, genes of its own or of all."""
    beside = [other for other in path.parent.iterdir() if other.is_file()]
    found = [other for other in beside if pattern.search(other.name)]
    if sum(bool(_MATRIX.search(other.name)) for other in beside) > 1:
        own = [other for other in found if _is_prefix(pattern.sub("", other.name).rstrip("._-"), prefix_of(path))]
        shared = [other for other in found if not pattern.sub("", other.name).rstrip("._-")]
        found = own or (shared or found if pattern is _GENES and len(found) == 1 else [])
    if not found:
        example = f"{prefix_of(path)}_{what.split()[0]}.tsv.gz"
        raise DataError(f"{path}: has no file of {what} beside it, such as '{example}'")
    return max(found, key=lambda other: (_shared_start(other.name, path.name), other.name))


def _is_prefix(start: str, name: str) -> bool:
    """Return whether a name begins with whole words of another, so that sample 1 does not take what is of sample 10."""
    return name.startswith(start) and not name[len(start) : len(start) + 1].isalnum()


def _shared_start(one: str, other: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)


def _values(path: Path, names: tuple[int, int]) -> Any:
    """Read the entries, once the sizes in the header are those of the names and the entries can be there."""
    with unpacked(path) as stream:
        for line in stream:
            if not line.startswith(b"%") and line.strip():
                break
        sizes = line.split()
    if len(sizes) != 3 or not all(size.isdigit() for size in sizes):
        raise DataError(f"{path}: is no sparse Matrix Market file: its sizes read {line[:40]!r}")
    shape, entries = (int(sizes[0][:20]), int(sizes[1][:20])), int(sizes[2][:20])
    most = most_unpacked(path.stat().st_size, _LARGEST_RATIO) if is_packed(path) else path.stat().st_size
    if entries > shape[0] * shape[1] or entries * _SHORTEST_ENTRY > most:
        raise DataError(f"{path}: its header promises {entries:,} entries, more than the file can hold")
    # A list of names may have a header, and the matrix may lie on its side.
    if min(abs(a - c) + abs(b - d) for a, b in (shape, shape[::-1]) for c, d in (names,)) > _MOST_HEADERS:
        raise DataError(
            f"{path}: the matrix is {shape[0]:,} by {shape[1]:,}, but there are {names[0]:,} gene names and "
            f"{names[1]:,} barcodes; they belong to different files, or one of them is cut short"
        )
    check_memory(entries * _ENTRY_IN_MEMORY, path)
    try:
        with unpacked(path, _LARGEST_RATIO) as stream:
            # As real numbers whatever the header says: some programs write 1e+05 in a file of integers.
            real = io.BufferedReader(_Real(stream), 1 << 20)
            return cast("Any", scipy_io.mmread(real, spmatrix=True))
    except (ValueError, OverflowError, MemoryError) as error:
        raise DataError(f"{path}: does not hold what its header promises ({error}); fetch it again") from None


class _Real(io.RawIOBase):
    """A Matrix Market file whose header says that its values are real numbers where it says integers."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._header = re.sub(rb"\binteger\b", b"real", stream.readline(1024), count=1, flags=re.IGNORECASE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._header[: len(buffer)] or self._stream.read(len(buffer))
        self._header = self._header[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)
