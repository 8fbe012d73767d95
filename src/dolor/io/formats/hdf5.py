"""Loom: a dense matrix of genes by cells in HDF5, with attributes of rows and columns.

10x Genomics HDF5: version 3 (``/matrix`` with features) and version 2 (one group a genome).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError
from dolor.io.formats.matrix import Matrix, csr_from_columns, decoded
from dolor.io.guards import MemoryBudget

__all__ = ["is_loom", "is_tenx", "read_loom", "read_tenx_h5"]

_GENES = ("Gene", "gene", "var_names", "gene_name", "Name", "GeneName", "symbol")
_IDS = ("Accession", "gene_id", "gene_ids", "ensembl")
_CELLS = ("CellID", "cell_id", "obs_names", "barcode", "Barcode", "cell_names")
_BYTES_AT_ONCE = 64 * 2**20


def is_loom(stored: h5py.File) -> bool:
    """Tell whether an HDF5 file is a loom file."""
    return isinstance(stored.get("matrix"), h5py.Dataset) and "row_attrs" in stored and "col_attrs" in stored


def read_loom(path: Path) -> Matrix:
    """Read a loom file, some cells at a time, so that the dense matrix is never whole in memory.

    Raises
    ------
    dolor.core.errors.DataError
        There are no gene names.
    """
    with h5py.File(path, "r") as stored:
        rows, columns = _attributes(stored["row_attrs"]), _attributes(stored["col_attrs"])
        matrix = stored["matrix"]
        if matrix.ndim != 2:
            raise DataError(f"{path}: its matrix has {matrix.ndim} dimensions; a loom file has 2")
        genes = next((rows[name] for name in _GENES if name in rows), None)
        ids = next((rows[name] for name in _IDS if name in rows), None)
        if genes is None and ids is None:
            known = ", ".join(_GENES + _IDS)
            raise DataError(f"{path}: names its genes under none of {known}; it has {', '.join(rows)}")
        barcodes = next((columns[name] for name in _CELLS if name in columns), None)
        values = _cells_by_genes(matrix)
    named = ids if genes is None else genes
    names = [str(number) for number in range(values.shape[0])] if barcodes is None else list(map(str, barcodes))
    lengths = {name: column for name, column in columns.items() if len(column) == len(names)}
    return Matrix(
        values,
        names,
        [] if named is None else list(map(str, named)),
        None if ids is None else list(map(str, ids)),
        obs=pd.DataFrame(lengths),
    ).checked(str(path))


def _cells_by_genes(matrix: h5py.Dataset) -> sparse.csr_matrix:
    n_genes, n_cells = matrix.shape
    # Whole chunks of the file, so that none is unpacked twice.
    chunk = matrix.chunks[1] if matrix.chunks else 1
    step = max(_BYTES_AT_ONCE // max(n_genes * matrix.dtype.itemsize, 1) // chunk, 1) * chunk
    pieces, budget = [], MemoryBudget(matrix.file.filename)
    for start in range(0, n_cells, step):
        pieces.append(sparse.csr_matrix(matrix[:, start : start + step].T))
        budget.take(pieces[-1].nnz * (matrix.dtype.itemsize + 4))
    return sparse.vstack(pieces, format="csr") if pieces else sparse.csr_matrix((0, n_genes))


def _attributes(group: h5py.Group) -> dict[str, Any]:
    """Read the attributes of one side; those with more than one value for each name are left aside."""
    found = {}
    for name, values in group.items():
        if isinstance(values, h5py.Dataset) and values.ndim == 1 and values.dtype.names is None:
            column = np.asarray(values[:])
            if column.dtype.kind in "SO":
                column = np.array([decoded(value) for value in column], object)
            found[name] = column
    return found


def is_tenx(stored: h5py.File) -> bool:
    """Tell whether an HDF5 file is laid out as 10x lays it out."""
    return bool(_groups(stored))


def read_tenx_h5(path: Path) -> Matrix:
    """Read a 10x file, with the kind of each feature.

    Raises
    ------
    dolor.core.errors.DataError
        It holds several genomes, or the parts do not fit together.
    """
    with h5py.File(path, "r") as stored:
        groups = _groups(stored)
        if len(groups) != 1:
            raise DataError(f"{path}: holds {len(groups)} genomes ({', '.join(groups)}); split it, one file a species")
        group = stored[groups[0]]
        features = group.get("features", group)
        names = _text(features["name" if "name" in features else "gene_names"])
        ids = _text(features["id" if "id" in features else "genes"])
        barcodes = _text(group["barcodes"])
        values = csr_from_columns(
            group["data"][:], group["indices"][:], group["indptr"][:], (len(barcodes), len(names)), str(path)
        )
        kinds = _text(features["feature_type"]) if "feature_type" in features else []
    return Matrix(values, barcodes, names, ids, kinds or None)


def _groups(stored: h5py.File) -> list[str]:
    needed = {"barcodes", "data", "indices", "indptr"}
    return [name for name, group in stored.items() if isinstance(group, h5py.Group) and needed <= set(group)]


def _text(dataset: Any) -> list[str]:
    return [decoded(value) for value in np.asarray(dataset[:])]
