"""Counts of cells in chunks out of a zarr store, which lays AnnData out as an h5ad file does."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.errors import DataError, IntegrityError
from dolor.io.guards import refuse_hostile_zarr
from dolor.io.matrix.chunks import Chunk, Source
from dolor.io.matrix.h5ad import READERS

__all__ = ["is_zarr", "open_zarr"]

# What zarr and its codecs raise on a store that is damaged.
_FAULTS = (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError)


def is_zarr(path: Path) -> bool:
    """Tell whether a folder is a zarr store of either version."""
    return any((path / mark).exists() for mark in (".zgroup", "zarr.json"))


def open_zarr(path: Path) -> Source:
    """Open Cells in a zarr store without reading its counts.

    Parameters
    ----------
    path
        The folder; ``layers["counts"]`` may be dense or compressed by rows or columns.

    Raises
    ------
    dolor.core.errors.DataError
        The store has no counts, or a link leads out of it.
    dolor.core.errors.IntegrityError
        Parts of it are missing or damaged.
    """
    from anndata.io import read_elem

    name = str(path)
    refuse_hostile_zarr(path)
    try:
        stored = _opened(path)
        cells = stored["obs"]
        columns = {column: read_elem(cells[column]) for column in cells.attrs["column-order"]}
        obs = pd.DataFrame(columns, index=range(cells[cells.attrs["_index"]].shape[0]))
        symbols = stored["var"][stored["var"].attrs["_index"]]
        _refuse_missing_parts(symbols, "var", name)
        genes = pd.Index(read_elem(symbols))
    except _FAULTS as error:
        raise IntegrityError(f"{name}: obs or var cannot be read ({_line(error)}); fetch or write it again") from error
    kind = _kind(stored, name)

    def chunks(size: int, wanted: NDArray[np.bool_]) -> Iterator[Chunk]:
        try:
            yield from READERS[kind](_opened(path)["layers/counts"], size, wanted, name)
        except _FAULTS as error:
            raise IntegrityError(f"{name}: layers['counts'] cannot be read to its end ({_line(error)})") from error

    return Source(name, obs, genes, chunks)


def _opened(path: Path) -> Any:
    import zarr

    with warnings.catch_warnings():
        # Which version of zarr wrote the store is no concern of the user.
        warnings.simplefilter("ignore")
        return zarr.open_group(path, mode="r")


def _kind(stored: Any, name: str) -> str:
    """Return how the counts lie: dense, csr or csc."""
    if "layers" not in stored or "counts" not in stored["layers"]:
        raise DataError(f"{name}: has no layer 'counts'; put the raw integer counts into layers['counts']")
    counts = stored["layers/counts"]
    encoding = str(counts.attrs.get("encoding-type", ""))
    kind = {"array": "dense", "csr_matrix": "csr", "csc_matrix": "csc"}.get(encoding)
    if kind is None:
        raise DataError(f"{name}: layers['counts'] is stored as '{encoding}'; write it as a sparse or dense matrix")
    if kind != "dense":
        _refuse_missing_parts(counts["data"], "layers['counts']", name)
    return kind


def _refuse_missing_parts(stored: Any, what: str, name: str) -> None:
    """Refuse an array that cannot be empty and lacks parts, which zarr would read as zeros or empty text."""
    there, whole = stored.nchunks_initialized, stored.nchunks
    if there < whole:
        raise IntegrityError(f"{name}: {whole - there} of {whole} parts of {what} are missing; copy it again")


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
