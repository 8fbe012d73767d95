"""Folders: one 10x sample, a zarr store, or many samples side by side."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dolor.errors import DataError
from dolor.io.formats.mtx import prefix_of
from dolor.io.genes import joined

if TYPE_CHECKING:
    from anndata import AnnData

_MTX = re.compile(r"\.mtx(\.gz)*$", re.IGNORECASE)
_COUNTS = re.compile(
    r"\.(h5|h5ad|loom|rds|tar|tgz|zip)(\.gz)*$|(count|dge|expression|umi|matrix).*\.(csv|tsv|txt)(\.gz)*$",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"[._-]?((raw|filtered)_?)?((feature|gene)s?_bc_matri(x|ces))?(_h5)?(\.(h5|h5ad|loom|rds|tar|tgz|zip|csv|tsv|txt|gz))*$",
    re.IGNORECASE,
)


def load_folder(
    folder: Path, *, orientation: str = "", annotation_rows: int = 0, name: str = "", sample_pattern: str = ""
) -> AnnData:
    """Read what a folder holds and join its samples.

    Parameters
    ----------
    folder
        A zarr store, a 10x folder, or a folder with several samples, in folders of their own or with prefixes.
    orientation, annotation_rows
        As for :func:`dolor.io.load.load`.
    name
        What messages call it; default: its path.
    sample_pattern
        Regular expression with one named group, searched in the name of each file: what its barcodes begin with;
        default: what stands in that name before the words that all such files share.

    Raises
    ------
    dolor.errors.DataError
        It holds nothing that can be read.
    """
    from dolor.io.load import load

    name = name or str(folder)
    if any((folder / mark).exists() for mark in (".zgroup", "zarr.json")):
        return _read_zarr(folder)
    files = _samples(folder)
    if not files:
        raise DataError(
            f"{name}: is not a regular file, and no folder with a 10x matrix, a zarr store or files of counts; "
            f"it holds {', '.join(sorted(path.name for path in folder.iterdir())[:5]) or 'nothing'}"
        )
    parts = {}
    for file in files:
        part = load(file, orientation=orientation, annotation_rows=annotation_rows)
        parts[_label(file, folder, sample_pattern)] = part
        part.obs["file"] = file.name if file.parent == folder else file.relative_to(folder).as_posix()
    if len(parts) < len(files):
        raise DataError(f"{name}: two of its samples have the same name; rename their files")
    return next(iter(parts.values())) if len(parts) == 1 and not sample_pattern else joined(parts)


def _samples(folder: Path) -> list[Path]:
    """Return the files of counts, each matrix of Matrix Market standing for its sample."""
    every = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    matrices = [path for path in every if _MTX.search(path.name)]
    return matrices or [path for path in every if _COUNTS.search(path.name) and "meta" not in path.name.lower()]


def _label(file: Path, folder: Path, sample_pattern: str) -> str:
    """Name a sample by the prefix of its file, else by its folder."""
    if sample_pattern:
        found = re.search(sample_pattern, file.name)
        if found is None:
            raise DataError(f"{file.name}: the pattern {sample_pattern!r} does not tell which sample it is")
        return found[1]
    label = prefix_of(file) if _MTX.search(file.name) else _ENDS.sub("", file.name)
    if label:
        return label
    parts = file.relative_to(folder).parts[:-1]
    return "_".join(part for part in parts if "_bc_matri" not in part and part != "outs") or folder.name


def _read_zarr(folder: Path) -> AnnData:
    import warnings

    import anndata

    outside = [path for path in folder.rglob("*") if path.is_symlink()]
    if outside:
        raise DataError(f"{folder}: '{outside[0].name}' is a link; a zarr store holds none, so it is refused")
    with warnings.catch_warnings():
        # Which version of zarr wrote the store is no concern of the user.
        warnings.simplefilter("ignore")
        return anndata.read_zarr(folder)
