"""Principal components of many cells: the matrix stays sparse, and only a block of cells is dense at a time.

Coarse groups of cells and what they hold, before anything is named.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.core.normalize import log_values
from dolor.io.matrix.cell_rows import CellRows, RowsInMemory

__all__ = [
    "coarse_groups",
    "every_nth",
    "group_means",
    "logged_rows",
    "principal_components",
    "variable_genes",
]

_LARGEST_SCORE = 10.0


def logged_rows(counts: CellRows, genes: NDArray[np.bool_]) -> CellRows:
    """Return what :func:`dolor.core.normalize.log_values` makes of counts, whenever they are read."""
    return counts.changed(lambda block, cells: log_values(block, genes), int(genes.sum()))


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


_GROUPS = 15
_COMPONENTS = 15
_CELLS_A_GROUP = 30
_GENES = 2000
# Larger blocks than elsewhere: each costs a table of groups × genes.
_CELLS_TO_SUM = 32_768


def coarse_groups(counts: CellRows, seed: int) -> NDArray[np.object_]:
    """Group cells by k-means on principal components of the log-normalised counts of variable genes.

    Parameters
    ----------
    counts
        Cells × genes, raw.
    seed
        Seed of the start.

    Returns
    -------
    The name of each cell's group.
    """
    from sklearn.cluster import MiniBatchKMeans

    size = max(2, min(_GROUPS, counts.shape[0] // _CELLS_A_GROUP))
    genes = variable_genes(log_values(every_nth(counts)), _GENES)
    if counts.shape[0] < 2 * _CELLS_A_GROUP or genes.sum() <= _COMPONENTS:
        return np.full(counts.shape[0], "0", dtype=object)
    components = principal_components(logged_rows(counts, genes), _COMPONENTS, scale=False)
    found = MiniBatchKMeans(size, n_init=3, random_state=seed).fit_predict(components)
    return np.asarray(found.astype(str), dtype=object)


def group_means(
    counts: CellRows | sparse.csr_matrix, groups: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the mean counts of a cell of each group (groups × genes), and the cells of each, in sorted order."""
    rows = counts if isinstance(counts, CellRows) else RowsInMemory(counts)
    code, names = pd.factorize(groups, sort=True)
    numbers = np.bincount(code, minlength=len(names))
    sums = np.zeros((len(names), rows.shape[1]))
    for place, block in rows.blocks(_CELLS_TO_SUM):
        own = code[place]
        members = sparse.csr_matrix((np.ones(len(own)), (own, np.arange(len(own)))), shape=(len(names), len(own)))
        sums += (members @ block).toarray()
    return sums / numbers[:, None], numbers
