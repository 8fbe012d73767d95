"""The door for files: what a path holds is told from its content and read by the reader of its format.

Folders: one 10x sample, a zarr store, or many samples side by side.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import h5py

from dolor.core.errors import DataError, DolorError, IntegrityError
from dolor.io.folder_samples import sample_files, sample_label
from dolor.io.formats.archive import unpacked_archive
from dolor.io.formats.content import is_packed, kind_of, unpacked
from dolor.io.formats.dense_text import read_dense_text
from dolor.io.formats.hdf5 import is_loom, is_tenx, read_loom, read_tenx_h5
from dolor.io.formats.matrix import Matrix
from dolor.io.formats.mtx import read_mtx
from dolor.io.formats.rds import read_rds
from dolor.io.genes import joined
from dolor.io.guards import refuse_hostile, refuse_hostile_zarr
from dolor.io.h5ad import read_h5ad, repeated_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData

__all__ = ["load", "load_folder"]

# What the libraries below raise on a file that is not what it says.
_FAULTS = (
    OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError, OverflowError, MemoryError,
    struct.error, EOFError, ArithmeticError,
)  # fmt: skip
_REFUSED = {
    "rds_text": "an R file in text form; write it again with saveRDS(x, file)",
    "rdata": "an R workspace; load it in R and write the counts alone with saveRDS(counts, file)",
    "matlab": "a MATLAB file; write its matrix as Matrix Market or h5ad",
    "series_matrix": "a series matrix of GEO, which describes samples; name it as metadata",
    "web_page": "a web page; check how it was downloaded",
    "unknown": "nothing that is read here (10x, h5ad, loom, zarr, mtx, text tables, RDS, tar, zip)",
}


@repeated_names()
def load(path: Path | str, *, orientation: str = "", annotation_rows: int = 0, sample_pattern: str = "") -> AnnData:
    """Read a file or folder of any format, as it is: names and values are not changed yet.

    Parameters
    ----------
    path
        A file (10x h5, h5ad, loom, mtx, text table, RDS; gzip around it or not), an archive of such files, a zarr
        store, or a folder with one or more samples.
    orientation
        ``genes_by_cells`` or ``cells_by_genes``, for formats that leave it open.
    annotation_rows
        For a text table: rows under the header that describe the cells.
    sample_pattern
        For archives and folders: see :func:`dolor.io.detect.load_folder`.

    Returns
    -------
    Cells × genes. Several samples in one archive or folder are joined: ``obs["file"]`` says which file a cell is
    from, and its barcode begins with the name of that file.

    Raises
    ------
    dolor.core.errors.DolorError
        It cannot be read; the message says why.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return load_folder(
                path, orientation=orientation, annotation_rows=annotation_rows, sample_pattern=sample_pattern
            )
        return _load_file(path, orientation, annotation_rows, sample_pattern)
    except DolorError:
        raise
    except _FAULTS as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise IntegrityError(f"{path}: is damaged, or not what it seems ({line}); fetch or write it again") from error


def _load_file(path: Path, orientation: str, annotation_rows: int, sample_pattern: str) -> AnnData:
    kind = kind_of(path)
    if kind == "hdf5":
        with _plain(path) as plain:
            return _load_hdf5(plain, path)
    if kind in ("tar", "zip"):
        with unpacked_archive(path, kind) as folder:
            return load_folder(
                folder,
                orientation=orientation,
                annotation_rows=annotation_rows,
                name=str(path),
                sample_pattern=sample_pattern,
            )
    readers: dict[str, Callable[[], Matrix]] = {
        "rds": lambda: read_rds(path, orientation),
        "mtx": lambda: read_mtx(path),
        "text": lambda: read_dense_text(path, orientation, annotation_rows),
    }
    if kind not in readers:
        named = f"not {_article(path)} file but " if kind == "web_page" and path.suffix else ""
        raise DataError(f"{path}: is {named}{_REFUSED[kind]}")
    return readers[kind]().as_anndata()


def _article(path: Path) -> str:
    word = path.suffix.lstrip(".")
    return f"{'an' if word[:1] in 'aehilmnorsx' else 'a'} {word}"


def _load_hdf5(plain: Path, path: Path) -> AnnData:
    try:
        with h5py.File(plain, "r") as stored:
            refuse_hostile(stored, plain)
            reader = read_tenx_h5 if is_tenx(stored) else read_loom if is_loom(stored) else None
            if reader is None and "obs" not in stored:
                held = ", ".join(list(stored)[:6]) or "nothing"
                raise DataError(f"{path}: is an HDF5 file, but neither h5ad nor 10x nor loom; it holds {held}")
    except OSError as error:
        raise IntegrityError(
            f"{path}: is damaged, truncated or not a complete HDF5 file ({str(error)[:120]}); fetch or write it again"
        ) from error
    return read_h5ad(plain) if reader is None else reader(plain).as_anndata()


@contextmanager
def _plain(path: Path) -> Iterator[Path]:
    """Give an HDF5 file without the compression around it; HDF5 cannot be read from a stream."""
    if not is_packed(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="dolor-") as folder:
        target = Path(folder) / path.stem
        with unpacked(path) as stream, target.open("wb") as copy:
            _copy(stream, copy, path)
        yield target


def _copy(stream: IO[bytes], copy: IO[Any], path: Path) -> None:
    while piece := stream.read(1 << 24):
        if shutil.disk_usage(Path(copy.name).parent).free < len(piece) + 2**28:
            raise DataError(f"{path}: there is no room to unpack it in {Path(copy.name).parent}; set TMPDIR")
        copy.write(piece)


def load_folder(
    folder: Path, *, orientation: str = "", annotation_rows: int = 0, name: str = "", sample_pattern: str = ""
) -> AnnData:
    """Read what a folder holds and join its samples.

    Parameters
    ----------
    folder
        A zarr store, a 10x folder, or a folder with several samples, in folders of their own or with prefixes.
    orientation, annotation_rows
        As for :func:`dolor.io.detect.load`.
    name
        What messages call it; default: its path.
    sample_pattern
        Regular expression with one named group, searched in the name of each file: what its barcodes begin with;
        default: what stands in that name before the words that all such files share.

    Raises
    ------
    dolor.core.errors.DataError
        It holds nothing that can be read.
    """
    name = name or str(folder)
    if any((folder / mark).exists() for mark in (".zgroup", "zarr.json")):
        return _read_zarr(folder)
    files, passed = sample_files(folder, name)
    if not files:
        raise DataError(
            f"{name}: is not a regular file, and no folder with a 10x matrix, a zarr store or files of counts; "
            f"it holds {', '.join(sorted(path.name for path in folder.iterdir())[:5]) or 'nothing'}"
        )
    parts = {}
    for file in files:
        part = load(file, orientation=orientation, annotation_rows=annotation_rows)
        parts[sample_label(file, folder, sample_pattern)] = part
        part.obs["file"] = file.name if file.parent == folder else file.relative_to(folder).as_posix()
    if len(parts) < len(files):
        raise DataError(f"{name}: two of its samples have the same name; rename their files")
    found = next(iter(parts.values())) if len(parts) == 1 and not sample_pattern else joined(parts)
    if passed:
        found.uns["dropped"] = {**found.uns.get("dropped", {}), **passed}
    return found


def _read_zarr(folder: Path) -> AnnData:
    import warnings

    import anndata

    refuse_hostile_zarr(folder)
    with warnings.catch_warnings():
        # Which version of zarr wrote the store is no concern of the user.
        warnings.simplefilter("ignore")
        return anndata.read_zarr(folder)
