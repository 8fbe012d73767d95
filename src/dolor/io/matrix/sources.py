"""Opening counts of cells, whatever they lie in: memory or file, by rows, by columns or dense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dolor.core.errors import DataError
from dolor.io.matrix.chunks import Chunk, Source, checked, row_blocks

if TYPE_CHECKING:
    from anndata import AnnData


def open_source(data: AnnData | Source | Path | str) -> Source:
    """Open Cells in memory, in an h5ad file, in a zarr store or in a SOMA experiment, told apart by their content."""
    if isinstance(data, Source):
        return data
    if isinstance(data, (str, Path)):
        return _open_path(data)
    if "counts" not in data.layers:
        raise DataError("the data has no layer 'counts'; put the raw integer counts into layers['counts']")
    counts = data.layers["counts"]
    name = "the data"
    return Source(name, data.obs, data.var_names, lambda size, wanted: _of_matrix(counts, size, name))


def _open_path(path: Path | str) -> Source:
    from dolor.io.matrix.h5ad import open_h5ad
    from dolor.io.matrix.soma import is_soma, open_soma
    from dolor.io.matrix.zarr import is_zarr, open_zarr

    if is_soma(path):
        return open_soma(path)
    return open_zarr(Path(path)) if is_zarr(Path(path)) else open_h5ad(Path(path))


def _of_matrix(counts: Any, size: int, name: str) -> Iterator[Chunk]:
    n_cells, n_genes = counts.shape
    form = getattr(counts, "format", "dense")
    if form == "dense":
        from scipy import sparse

        rows = max(1, size // max(n_genes, 1))
        for start in range(0, n_cells, rows):
            block = sparse.csr_matrix(np.asarray(counts[start : start + rows]))
            yield checked(start, block.data, block.indices, block.indptr, n_genes, name)
        return
    if form == "csc":
        checked(0, counts.data, counts.indices, counts.indptr, n_cells, name)
    counts = counts.tocsr()
    for start, stop in row_blocks(counts.indptr, size):
        low, high = counts.indptr[start], counts.indptr[stop]
        pointers = counts.indptr[start : stop + 1] - low
        yield checked(start, counts.data[low:high], counts.indices[low:high], pointers, n_genes, name)
