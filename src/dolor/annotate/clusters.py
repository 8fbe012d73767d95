"""Groups of like cells: variable genes, principal components, alignment of samples, neighbours, Leiden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.annotate.graph import leiden, neighbour_graph, quiet
from dolor.annotate.stability import stability
from dolor.pp.components import principal_components, variable_genes
from dolor.pp.integrate import align

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

_COMPONENTS = 30
_VARIABLE_GENES = 2000
# Within one class: fewer genes carry the difference, and a finer cut is safe since names merge clusters.
_VARIABLE_WITHIN = 300
_RESOLUTION_WITHIN = 1.5
_FEWEST_TO_DIVIDE = 60
_FEWEST_WITH_A_GENE = 5
# Coarser clusterings that are kept beside the chosen one, as shares of its resolution.
_COARSER = (0.25, 0.5)


def cluster(
    cells: AnnData, *, resolution: float, integration: str, seed: int, batch_key: str = "sample_id"
) -> pd.Series:
    """Group like cells, and keep an embedding of them.

    Parameters
    ----------
    cells
        Cells with log-normalised ``X`` and raw ``layers["counts"]``. Written: ``obsm["X_pca"]``, ``obsm["X_umap"]``
        and, where batches are aligned, ``obsm["X_integrated"]``; ``obs["leiden_<resolution>"]`` for the chosen
        resolution, its half and its quarter; ``uns["cluster_stability"]``, from
        :func:`dolor.annotate.stability.stability`.
    resolution
        Leiden resolution: higher, finer.
    integration
        How the levels of ``batch_key`` are aligned before neighbours are sought: ``none``, ``harmony`` or ``scvi``.
    seed
        Seed of everything random.
    batch_key
        Column of ``obs`` that is aligned.

    Returns
    -------
    The cluster of each cell, as text, in the order of ``obs``.
    """
    import scanpy as sc

    resolutions = [resolution * share for share in (*_COARSER, 1.0)]
    with quiet():
        genes = variable_genes(sparse.csr_matrix(cells.X), _VARIABLE_GENES)
        components, embedding = _embedding(cells, genes, integration, cells.obs[batch_key], seed)
        work = neighbour_graph(embedding, seed, cells.obs_names)
        for value in resolutions:
            cells.obs[f"leiden_{value:g}"] = pd.Categorical(leiden(work, value, seed))
        # Begun from two components: the spectral start fails where populations are not connected.
        sc.tl.umap(work, init_pos=np.ascontiguousarray(components[:, :2]), random_state=seed)
    cells.uns["cluster_stability"] = stability(embedding, resolutions, seed=seed)
    cells.obsm["X_pca"] = components
    if integration != "none":
        cells.obsm["X_integrated"] = embedding
    cells.obsm["X_umap"] = work.obsm["X_umap"].astype(np.float32)
    labels: pd.Series = cells.obs[f"leiden_{resolution:g}"].astype(str)
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
        As in :func:`cluster`; after scVI, which is trained once on all cells, a class is aligned by Harmony.

    Returns
    -------
    The finer cluster of each cell: its group and a number; groups too small to divide keep their clusters.
    """
    fine = groups.astype(str) + "/" + clusters.astype(str)
    with quiet():
        for group, members in fine.groupby(groups.astype(str).to_numpy(), sort=True):
            if len(members) < _FEWEST_TO_DIVIDE:
                continue
            part = cells[members.index]
            logged = sparse.csr_matrix(part.X)
            chosen = variable_genes(logged, _VARIABLE_WITHIN) | part.var_names.isin(markers)
            chosen &= np.asarray(logged.getnnz(axis=0)) >= _FEWEST_WITH_A_GENE
            within = "harmony" if integration == "scvi" else integration
            _, embedding = _embedding(part, chosen, within, part.obs["sample_id"], seed)
            work = neighbour_graph(embedding, seed, part.obs_names)
            fine.loc[members.index] = f"{group}/" + leiden(work, _RESOLUTION_WITHIN, seed)
    return fine


def _embedding(
    cells: AnnData, genes: NDArray[np.bool_], integration: str, batch: pd.Series, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return principal components, and what alignment makes of them."""
    chosen = np.flatnonzero(genes)
    logged = sparse.csr_matrix(cells.X)[:, chosen]
    components = principal_components(logged, min(_COMPONENTS, cells.n_obs - 1, len(chosen) - 1))
    counts = sparse.csr_matrix(cells.layers["counts"])[:, chosen] if integration == "scvi" else logged
    return components, align(integration, components, counts, batch, seed=seed)


def cluster_means(cells: AnnData, clusters: pd.Series) -> tuple[list[str], NDArray[np.float64]]:
    """Return the names of the clusters and the mean of log-normalised ``X`` in each (clusters × genes)."""
    names = sorted(clusters.unique(), key=lambda name: (len(name), name))
    code = clusters.map({name: number for number, name in enumerate(names)}).to_numpy(dtype=np.int64)
    members = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(len(names), len(code)))
    sums = np.asarray((members @ sparse.csr_matrix(cells.X)).todense(), dtype=float)
    return names, sums / np.bincount(code, minlength=len(names))[:, None]
