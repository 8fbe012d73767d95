"""Principal components of many cells: the matrix stays sparse, and only a block of cells is dense at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dolor.io.cell_rows import CellRows, RowsInMemory

__all__ = ["every_nth", "log_normalised", "logged_rows", "principal_components", "variable_genes"]

_LARGEST_SCORE = 10.0


def log_normalised(counts: sparse.csr_matrix, genes: NDArray[np.bool_] | None = None) -> sparse.csr_matrix:
    """Return log1p of counts per 10,000 of all genes, cells × genes wanted, 32 bit; a cell without counts stays 0."""
    chosen = counts if genes is None else counts[:, np.flatnonzero(genes)]
    logged = sparse.csr_matrix(chosen, dtype=np.float32, copy=True)
    totals = np.maximum(np.asarray(counts.sum(axis=1), dtype=float).ravel(), 1.0)
    logged.data *= np.repeat((1e4 / totals).astype(np.float32), np.diff(logged.indptr))
    return logged.log1p()


def logged_rows(counts: CellRows, genes: NDArray[np.bool_]) -> CellRows:
    """Return what :func:`log_normalised` makes of counts, whenever they are read."""
    return counts.changed(lambda block, cells: log_normalised(block, genes), int(genes.sum()))


def every_nth(cells: CellRows, most: int = 20_000) -> sparse.csr_matrix:
    """Return at most so many of the cells, evenly spaced: enough to see which genes vary."""
    return cells.rows(np.arange(0, cells.shape[0], -(-cells.shape[0] // most)))


def variable_genes(logged: sparse.csr_matrix, number: int) -> NDArray[np.bool_]:
    """Tell the genes that vary more between cells than others of their mean (scanpy's default, flavour Seurat).

    Parameters
    ----------
    logged
        Cells × genes, log-normalised. Of more than 20,000 cells so many are looked at, evenly spaced.
    number
        Genes wanted; of fewer, all that are seen.

    Returns
    -------
    One word a gene.
    """
    import anndata
    import scanpy as sc

    logged = every_nth(RowsInMemory(logged))
    seen = np.asarray(logged.getnnz(axis=0)) > 0
    if seen.sum() > number:
        cells = anndata.AnnData(logged if seen.all() else logged[:, np.flatnonzero(seen)])
        found = sc.pp.highly_variable_genes(cells, n_top_genes=number, inplace=False)
        seen[seen] = found["highly_variable"].to_numpy()
    return seen


def principal_components(logged: CellRows | sparse.csr_matrix, size: int, *, scale: bool = True) -> NDArray[np.float32]:
    """Return principal components of genes brought to mean 0 and, if wanted, variance 1.

    The covariance is summed block by block in 64 bits and decomposed exactly: no start is drawn, so there is no seed.
    Cells are read three times, and no more of them than a block is in memory.

    Parameters
    ----------
    logged
        Cells × genes, log-normalised; as few genes as variable ones are.
    size
        Components; at most one less than cells or genes.
    scale
        Bring each gene to variance 1, and cut what lies more than ten deviations above its mean.

    Returns
    -------
    Cells × components, 32 bit; the largest loading of a component is positive.
    """
    from scipy.linalg import eigh

    rows = logged if isinstance(logged, CellRows) else RowsInMemory(sparse.csr_matrix(logged, dtype=np.float32))
    n_cells, n_genes = rows.shape
    work = rows.changed(_scaling(rows), n_genes) if scale else rows
    mean, gram = _GeneMeans(rows.shape), np.zeros((n_genes, n_genes))
    for _, sparse_block in work.blocks():
        mean.add(sparse_block)
        block = sparse_block.toarray()
        gram += block.T @ block
    covariance = gram - n_cells * np.outer(mean.values, mean.values)
    size = min(size, n_cells - 1, n_genes)
    loadings = eigh(covariance, subset_by_index=(n_genes - size, n_genes - 1))[1][:, ::-1]
    loadings *= np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(loadings.shape[1])])
    found, origin = np.empty((n_cells, size), dtype=np.float32), (mean.values @ loadings).astype(np.float32)
    loadings = loadings.astype(np.float32)
    for place, sparse_block in work.blocks():
        found[place] = sparse_block @ loadings - origin
    return found


def _scaling(rows: CellRows) -> Callable[[sparse.csr_matrix, NDArray[np.intp]], sparse.csr_matrix]:
    """Return what brings genes to variance 1, and cuts what lies far above their means."""
    mean, square = _GeneMeans(rows.shape), _GeneMeans(rows.shape)
    for _, block in rows.blocks():
        mean.add(block)
        square.add(block.multiply(block).tocsr())
    spread = np.sqrt(np.maximum(square.values - mean.values**2, 0.0))
    spread[spread == 0] = 1.0
    most, deviation = (mean.values / spread + _LARGEST_SCORE).astype(np.float32), spread.astype(np.float32)

    def scaled(block: sparse.csr_matrix, cells: NDArray[np.intp]) -> sparse.csr_matrix:
        values = np.minimum(block.data / deviation[block.indices], most[block.indices])
        return sparse.csr_matrix((values, block.indices, block.indptr), shape=block.shape, copy=False)

    return scaled


class _GeneMeans:
    """Means of genes, added up cell after cell, so that the size of the blocks changes no digit."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._share, self._sums = np.float32(1.0 / shape[0]), np.zeros(shape[1], dtype=np.float32)

    def add(self, block: sparse.csr_matrix) -> None:
        np.add.at(self._sums, block.indices, block.data * self._share)

    @property
    def values(self) -> NDArray[np.float64]:
        return self._sums.astype(float)
