"""Principal components of many cells: the matrix stays sparse, and only a block of cells is dense at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["every_nth", "log_normalised", "principal_components", "variable_genes"]

_BLOCK = 4096
_LARGEST_SCORE = 10.0


def log_normalised(counts: sparse.csr_matrix, genes: NDArray[np.bool_] | None = None) -> sparse.csr_matrix:
    """Return log1p of counts per 10,000 of all genes, cells × genes wanted, 32 bit; a cell without counts stays 0."""
    chosen = counts if genes is None else counts[:, np.flatnonzero(genes)]
    logged = sparse.csr_matrix(chosen, dtype=np.float32, copy=True)
    totals = np.maximum(np.asarray(counts.sum(axis=1), dtype=float).ravel(), 1.0)
    logged.data *= np.repeat((1e4 / totals).astype(np.float32), np.diff(logged.indptr))
    return logged.log1p()


def every_nth(cells: sparse.csr_matrix, most: int = 20_000) -> sparse.csr_matrix:
    """Return at most so many of the cells, evenly spaced: enough to see which genes vary."""
    return cells[:: -(-cells.shape[0] // most)]


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

    logged = every_nth(logged)
    seen = np.asarray(logged.getnnz(axis=0)) > 0
    if seen.sum() > number:
        cells = anndata.AnnData(logged if seen.all() else logged[:, np.flatnonzero(seen)])
        found = sc.pp.highly_variable_genes(cells, n_top_genes=number, inplace=False)
        seen[seen] = found["highly_variable"].to_numpy()
    return seen


def principal_components(logged: sparse.csr_matrix, size: int, *, scale: bool = True) -> NDArray[np.float32]:
    """Return principal components of genes brought to mean 0 and, if wanted, variance 1.

    The covariance is summed block by block in 64 bits and decomposed exactly: no start is drawn, so there is no seed.

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

    n_cells, n_genes = logged.shape
    work = sparse.csr_matrix(logged, dtype=np.float32, copy=True)
    if scale:
        mean = np.asarray(work.mean(axis=0, dtype=np.float64)).ravel()
        square = np.asarray(work.multiply(work).mean(axis=0, dtype=np.float64)).ravel()
        spread = np.sqrt(np.maximum(square - mean**2, 0.0))
        spread[spread == 0] = 1.0
        most = (mean / spread + _LARGEST_SCORE).astype(np.float32)
        work.data = np.minimum(work.data / spread.astype(np.float32)[work.indices], most[work.indices])
    mean = np.asarray(work.mean(axis=0, dtype=np.float64)).ravel()
    gram = np.zeros((n_genes, n_genes))
    for start in range(0, n_cells, _BLOCK):
        block = work[start : start + _BLOCK].toarray()
        gram += block.T @ block
    covariance = gram - n_cells * np.outer(mean, mean)
    size = min(size, n_cells - 1, n_genes)
    loadings = eigh(covariance, subset_by_index=(n_genes - size, n_genes - 1))[1][:, ::-1]
    loadings *= np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(loadings.shape[1])])
    return np.asarray(work @ loadings.astype(np.float32) - (mean @ loadings).astype(np.float32))
