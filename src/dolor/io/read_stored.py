"""Reading an h5ad file as the door in does, with the matrix left in the file: for cells that exceed the memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from dolor.contracts.cells import check_cells, check_counts
from dolor.errors import DataError
from dolor.io.cell_rows import CellRows
from dolor.io.counts import tidied
from dolor.io.formats.content import is_packed, kind_of
from dolor.io.formats.loom import is_loom
from dolor.io.formats.tenx_h5 import is_tenx
from dolor.io.genes import Duplicates
from dolor.io.metadata import read_metadata
from dolor.io.quiet import repeated_names
from dolor.io.read import settled, with_metadata
from dolor.io.stored_cells import RAW, open_cells, read_raw_var

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["is_h5ad", "read_stored"]


def is_h5ad(path: Path) -> bool:
    """Tell whether a path is an h5ad file that can be read where it lies: no folder, not packed, no other format."""
    if not path.is_file() or path.stat().st_size == 0 or is_packed(path) or kind_of(path) != "hdf5":
        return False
    try:
        with h5py.File(path, "r") as stored:
            return "obs" in stored and not is_tenx(stored) and not is_loom(stored)
    except OSError:
        return False


@repeated_names()
def read_stored(
    source: Path | str,
    *,
    organism: str | None = None,
    fields: Mapping[str, str] | None = None,
    layer: str = "",
    metadata: Path | str | None = None,
    key: str = "",
    duplicates: Duplicates = "sum",
) -> tuple[AnnData, CellRows]:
    """Read cells of an h5ad file and check them, as :func:`dolor.io.read.read` does, without holding a matrix.

    Memory holds the tables of cells and genes, and a block of cells at a time while counts are read.

    Parameters
    ----------
    source
        An h5ad file (:func:`is_h5ad`).
    organism, fields, layer, metadata, key, duplicates
        As in :func:`dolor.io.read.read`.

    Returns
    -------
    cells
        Cells without matrices.
    counts
        Their raw counts, brought to the form of :func:`dolor.io.counts.raw_counts` whenever they are read.

    Raises
    ------
    dolor.errors.DataError
        As in :func:`dolor.io.read.read`.
    """
    import anndata

    name = str(source)
    found, layers = open_cells(source)
    where = _where_counts_are(layers, layer, name)
    counts = layers[where]
    var = read_raw_var(source) if where == RAW else found.var
    if metadata is not None:
        described = with_metadata(found, read_metadata(metadata, key), str(metadata))
        counts, found = counts.of(np.asarray(found.obs_names.isin(described.obs_names))), described
    # Genes are renamed, summed and left out in a matrix that has each of them once: what that becomes is what is to be
    # done to every block of cells.
    each = anndata.AnnData(
        X=sparse.identity(len(var), dtype=np.int32, format="csr"),
        obs=pd.DataFrame(index=pd.RangeIndex(len(var)).astype(str)),
        var=var,
        uns=dict(found.uns),
    )
    genes, obs, uns = settled(each, found.obs, organism, fields or {}, duplicates, name)
    cells = anndata.AnnData(obs=obs, var=genes.var.copy(), uns=uns)
    told = where if where == "X" else "X" if where == RAW else f"layer {where!r}"
    counts = _as_counts(counts, sparse.csr_matrix(genes.X), f"{name} ({told})")
    check_cells(cells, source=name, counts=counts)
    return cells, counts


def _where_counts_are(layers: Mapping[str, CellRows], layer: str, source: str) -> str:
    """Say which matrix holds the raw counts, as :func:`dolor.io.counts.at_raw` and ``raw_counts`` do."""
    if layer == "raw" and "raw" not in layers:
        if RAW not in layers:
            raise DataError(f"{source}: has no 'raw'; name the layer that holds the raw counts")
        return RAW
    if layer and layer not in layers:
        there = ", ".join(name for name in layers if name not in ("X", RAW)) or "none"
        raise DataError(f"{source}: has no layer '{layer}'; there are {there}")
    if layer or "counts" in layers:
        return layer or "counts"
    if RAW in layers and not ("X" in layers and _are_counts(layers["X"])):
        return RAW
    if "X" not in layers:
        raise DataError(f"{source}: has neither a layer 'counts' nor X; name the layer that holds the raw counts")
    return "X"


def _are_counts(rows: CellRows) -> bool:
    try:
        rows.check("X")
    except DataError:
        return False
    return True


def _as_counts(stored: CellRows, adder: sparse.csr_matrix, source: str) -> CellRows:
    """Check counts and bring them to their form whenever they are read."""
    as_they_are = adder.shape[0] == adder.shape[1] == adder.nnz and (adder.indices == np.arange(adder.nnz)).all()

    def change(block: sparse.csr_matrix, cells: np.ndarray) -> sparse.csr_matrix:
        check_counts(block, source)
        return tidied(block if as_they_are else block @ adder.astype(block.dtype), source)

    return stored.changed(change, adder.shape[1])
