"""Groups of like cells: variable genes, principal components, neighbours, Leiden."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from dolor.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

_COMPONENTS = 30
_NEIGHBOURS = 12
_VARIABLE_GENES = 2000


def cluster(
    cells: AnnData, *, resolution: float, integration: str, seed: int, batch_key: str = "sample_id"
) -> pd.Series:
    """Group like cells, and keep an embedding of them.

    Parameters
    ----------
    cells
        Cells with log-normalised ``X``; ``obsm["X_pca"]`` and ``obsm["X_umap"]`` are written.
    resolution
        Leiden resolution: higher, finer.
    integration
        ``none``, or ``harmony`` to align the levels of ``batch_key`` before neighbours are sought.
    seed
        Seed of everything random.
    batch_key
        Column of ``obs`` that Harmony aligns.

    Returns
    -------
    The cluster of each cell, as text, in the order of ``obs``.
    """
    import scanpy as sc

    work = cells.copy()
    with warnings.catch_warnings():
        # scanpy and its dependencies announce their own coming changes; none alters a number here.
        warnings.simplefilter("ignore", (FutureWarning, DeprecationWarning))
        if work.n_vars > _VARIABLE_GENES:
            sc.pp.highly_variable_genes(work, n_top_genes=_VARIABLE_GENES)
            work = work[:, work.var["highly_variable"]].copy()
        work.X = work.X.toarray()  # centring makes it dense in any case
        components = min(_COMPONENTS, work.n_obs - 1, work.n_vars - 1)
        sc.pp.scale(work, max_value=10)
        sc.pp.pca(work, n_comps=components, random_state=seed)
        work.obsm["X_pca"] = _integrate(work.obsm["X_pca"], cells.obs[batch_key], integration, seed)
        sc.pp.neighbors(work, n_neighbors=min(_NEIGHBOURS, work.n_obs - 1), use_rep="X_pca", random_state=seed)
        sc.tl.leiden(work, resolution=resolution, flavor="igraph", n_iterations=2, directed=False, random_state=seed)
        # Begun from two components: the spectral start fails where populations are not connected.
        sc.tl.umap(work, init_pos=work.obsm["X_pca"][:, :2], random_state=seed)
    cells.obsm["X_pca"] = work.obsm["X_pca"].astype(np.float32)
    cells.obsm["X_umap"] = work.obsm["X_umap"].astype(np.float32)
    labels: pd.Series = work.obs["leiden"].astype(str)
    return labels


def cluster_means(cells: AnnData, clusters: pd.Series) -> tuple[list[str], NDArray[np.float64]]:
    """Return the names of the clusters and the mean of log-normalised ``X`` in each (clusters × genes)."""
    names = sorted(clusters.unique(), key=lambda name: (len(name), name))
    code = clusters.map({name: number for number, name in enumerate(names)}).to_numpy(dtype=np.int64)
    members = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(len(names), len(code)))
    sums = np.asarray((members @ sparse.csr_matrix(cells.X)).todense(), dtype=float)
    return names, sums / np.bincount(code, minlength=len(names))[:, None]


def _integrate(components: NDArray[np.float64], batch: pd.Series, method: str, seed: int) -> NDArray[np.float64]:
    if method == "none" or batch.nunique() < 2:
        return components
    if method != "harmony":
        raise UsageError(f"integration '{method}' is not known; choose none or harmony")
    try:
        import harmonypy
    except ImportError:
        raise MissingExtra("harmonypy", "harmony") from None
    aligned = harmonypy.run_harmony(components, batch.to_frame("batch"), "batch", random_state=seed, verbose=False)
    return np.asarray(aligned.Z_corr).reshape(components.shape[0], -1)
