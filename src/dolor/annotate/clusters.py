"""Groups of like cells: variable genes, principal components, neighbours, Leiden."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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
# Within one class: fewer genes carry the difference, and a finer cut is safe since names merge clusters.
_VARIABLE_WITHIN = 300
_RESOLUTION_WITHIN = 1.5
_FEWEST_TO_DIVIDE = 60
_FEWEST_WITH_A_GENE = 5


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

    with _quiet():
        work = _with_neighbours(cells, _variable_genes(cells, _VARIABLE_GENES), integration, seed, batch_key)
        labels = _leiden(work, resolution, seed)
        # Begun from two components: the spectral start fails where populations are not connected.
        sc.tl.umap(work, init_pos=work.obsm["X_pca"][:, :2], random_state=seed)
    cells.obsm["X_pca"] = work.obsm["X_pca"].astype(np.float32)
    cells.obsm["X_umap"] = work.obsm["X_umap"].astype(np.float32)
    return labels


def refine(
    cells: AnnData, clusters: pd.Series, groups: pd.Series, markers: pd.Index, *, integration: str, seed: int
) -> pd.Series:
    """Cluster each group of cells once more by itself.

    What tells the subsets of one class apart (arterial from venous endothelium, one T cell from another) is a small
    part of the variance of a whole tissue, and rare subsets drown in it. Among their own kind they stand out.

    Parameters
    ----------
    cells
        Cells with log-normalised ``X``.
    clusters
        The cluster of each cell.
    groups
        The group of each cell, such as its class.
    markers
        Genes that are looked at besides the most variable ones.
    integration, seed
        As in :func:`cluster`.

    Returns
    -------
    The finer cluster of each cell: its group and a number; groups too small to divide keep their clusters.
    """
    fine = groups.astype(str) + "/" + clusters.astype(str)
    with _quiet():
        for group, members in fine.groupby(groups.astype(str).to_numpy(), sort=True):
            if len(members) < _FEWEST_TO_DIVIDE:
                continue
            part = cells[members.index]
            chosen = _variable_genes(part, _VARIABLE_WITHIN) | part.var_names.isin(markers)
            chosen &= np.asarray((part.X > 0).sum(axis=0)).ravel() >= _FEWEST_WITH_A_GENE
            work = _with_neighbours(part, chosen, integration, seed, "sample_id")
            fine.loc[members.index] = f"{group}/" + _leiden(work, _RESOLUTION_WITHIN, seed)
    return fine


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what scanpy and its dependencies announce of their own coming changes; none alters a number here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (FutureWarning, DeprecationWarning))
        yield


def _variable_genes(cells: AnnData, number: int) -> NDArray[np.bool_]:
    import scanpy as sc

    if cells.n_vars <= number:
        return np.ones(cells.n_vars, dtype=bool)
    found = sc.pp.highly_variable_genes(cells, n_top_genes=number, inplace=False)
    return np.asarray(found["highly_variable"], dtype=bool)


def _with_neighbours(cells: AnnData, genes: NDArray[np.bool_], integration: str, seed: int, batch_key: str) -> AnnData:
    import scanpy as sc

    work = cells[:, genes].copy()
    work.X = work.X.toarray()  # centring makes it dense in any case
    sc.pp.scale(work, max_value=10)
    sc.pp.pca(work, n_comps=min(_COMPONENTS, work.n_obs - 1, work.n_vars - 1), random_state=seed)
    work.obsm["X_pca"] = _integrate(work.obsm["X_pca"], work.obs[batch_key], integration, seed)
    sc.pp.neighbors(work, n_neighbors=min(_NEIGHBOURS, work.n_obs - 1), use_rep="X_pca", random_state=seed)
    return work


def _leiden(work: AnnData, resolution: float, seed: int) -> pd.Series:
    import scanpy as sc

    sc.tl.leiden(work, resolution=resolution, flavor="igraph", n_iterations=2, directed=False, random_state=seed)
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
