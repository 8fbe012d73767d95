"""Cells in an h5ad file whose matrices stay there: opened without them, and written a block of cells at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import h5py
import numpy as np
from scipy import sparse

from dolor.core.errors import IntegrityError
from dolor.io.h5ad import is_null, read_tables, sound_h5ad
from dolor.io.matrix.cell_rows import CellRows, RowsInFile, RowsInMemory

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = ["RAW", "open_cells", "read_raw_var", "write_cells"]

# The matrix of ``raw`` among the layers; a stroke in it, so that no layer bears the name.
RAW = "raw/X"
# Values that are packed together.
_CHUNK = 1 << 17


def open_cells(path: Path | str) -> tuple[AnnData, dict[str, CellRows]]:
    """Open cells and leave their matrices in the file; pairs of cells or genes (``obsp``, ``varp``) are left out.

    Parameters
    ----------
    path
        An h5ad file.

    Returns
    -------
    adata
        The object without matrices: neither ``X`` nor layers.
    layers
        Its layers by name, and ``X`` as ``"X"`` and the values of ``raw`` as :data:`RAW` where they are there, to be
        read some cells at a time. Those that are stored by columns are read whole, since no cell of theirs can be read
        alone.

    Raises
    ------
    dolor.core.errors.DolorError
        As in :func:`dolor.io.h5ad.read_h5ad`.
    """
    import anndata

    path = Path(path)
    with sound_h5ad(path) as stored:
        adata = anndata.AnnData(**read_tables(stored))
        members = stored.get("layers")
        names = [name for name in members if not is_null(members[name])] if isinstance(members, h5py.Group) else []
        places = {name: f"layers/{name}" for name in names}
        there = ["X", *([RAW] if isinstance(stored.get("raw"), h5py.Group) else [])]
        places |= {name: name for name in there if name in stored and not is_null(stored[name])}
        layers = {name: _rows(stored[place], path) for name, place in places.items()}
    for name, rows in layers.items():
        if rows.shape != adata.shape and not (name == RAW and rows.shape[0] == adata.n_obs):
            raise IntegrityError(
                f"{path}: its matrix '{name}' is {rows.shape}, its tables {adata.shape}; fetch or write it again"
            )
    return adata, layers


def read_raw_var(path: Path | str) -> pd.DataFrame:
    """Read the table of genes of ``raw``, which may be more than those of the object."""
    from anndata.io import read_elem

    with h5py.File(path, "r") as stored:
        return cast("pd.DataFrame", read_elem(stored["raw/var"]))


def _rows(stored: h5py.Group | h5py.Dataset, path: Path) -> CellRows:
    from anndata.io import read_elem

    if isinstance(stored, h5py.Dataset) or stored.attrs.get("encoding-type") == "csr_matrix":
        return RowsInFile(path, stored.name)
    return RowsInMemory(sparse.csr_matrix(read_elem(stored)))


def write_cells(target: Path, adata: AnnData, layers: Mapping[str, CellRows], *, compression: str = "lzf") -> None:
    """Write cells and their matrices, a block of cells at a time; memory holds no matrix.

    Parameters
    ----------
    target
        The file; give a temporary path (:func:`dolor.io.write.atomic_path`), since an exception leaves half a file.
    adata
        The object; matrices that it holds itself are left out.
    layers
        Matrices of the same cells by the name of their layer; the one called ``X`` becomes ``X``.
    compression
        Of HDF5.
    """
    import anndata

    bare = anndata.AnnData(
        obs=adata.obs, var=adata.var, uns=dict(adata.uns), obsm=dict(adata.obsm), varm=dict(adata.varm)
    )
    bare.write_h5ad(target, compression=compression)
    with h5py.File(target, "a") as file:
        for name, rows in layers.items():
            if name == "X" and "X" in file:
                del file["X"]
            _write_rows(file, name if name == "X" else f"layers/{name}", rows, compression)


def _write_rows(file: h5py.File, name: str, rows: CellRows, compression: str) -> None:
    group = file.create_group(name)
    group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": list(rows.shape)})
    pointers, stored = [np.zeros(1, dtype=np.int64)], 0
    options: dict[str, Any] = {"maxshape": (None,), "chunks": (_CHUNK,), "compression": compression}
    for _, block in rows.blocks():
        if not stored and "data" not in group:
            group.create_dataset("data", (0,), dtype=block.dtype, **options)
            group.create_dataset("indices", (0,), dtype=np.int32, **options)
        pointers.append(stored + block.indptr[1:].astype(np.int64))
        stored += block.nnz
        for part, values in (("data", block.data), ("indices", block.indices)):
            group[part].resize((stored,))
            group[part][stored - block.nnz :] = values[: block.nnz]
    # 32 bits where they suffice: scipy keeps both index arrays in the wider of their types.
    found = np.concatenate(pointers)
    group.create_dataset("indptr", data=found.astype(np.int32) if stored <= np.iinfo(np.int32).max else found)
