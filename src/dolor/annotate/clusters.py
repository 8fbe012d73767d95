"""The graph of nearest neighbours of cells, and its Leiden clusters.

How stable clusters are: whether they come out the same with other cells and with another start.

Groups of like cells: variable genes, principal components, alignment of samples, neighbours, Leiden.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.annotate.sketch import MOST_CELLS, Sketch, draw_sketch
from dolor.io.matrix.cell_rows import CellRows, RowsInMemory, counts_of
from dolor.io.read import expression
from dolor.pp.embed import every_nth, principal_components, variable_genes
from dolor.pp.integrate import align

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Clustering", "cluster", "leiden", "neighbour_graph", "quiet", "refine", "stability"]

_NEIGHBOURS = 12
# Among few cells fewer neighbours: twelve would join fourteen B cells and three plasma cells into one cluster.
_SHARE_THAT_ARE_NEIGHBOURS, _FEWEST_NEIGHBOURS = 0.2, 3
# From so many cells on scanpy would search approximately. Up to as many as are ever looked at the exact search of
# scikit-learn is quicker than pynndescent, whose compilation takes minutes in every process.
_MANY_CELLS = 8192


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back what scanpy and its dependencies announce of their own coming changes; none alters a number here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (FutureWarning, DeprecationWarning))
        yield


def neighbour_graph(embedding: NDArray[np.float32], seed: int, names: pd.Index | None = None) -> AnnData:
    """Return an object that holds nothing but an embedding (``obsm["X"]``) and its graph of nearest neighbours."""
    import anndata
    import scanpy as sc

    obs = pd.DataFrame(index=pd.RangeIndex(len(embedding)).astype(str) if names is None else names)
    work = anndata.AnnData(obs=obs, obsm={"X": embedding})
    search = "sklearn" if work.n_obs >= _MANY_CELLS else None
    with quiet():
        sc.pp.neighbors(work, n_neighbors=_how_many(work.n_obs), use_rep="X", transformer=search, random_state=seed)
    return work


def _how_many(n_cells: int) -> int:
    few = max(_FEWEST_NEIGHBOURS, int(_SHARE_THAT_ARE_NEIGHBOURS * n_cells))
    return min(_NEIGHBOURS, few, n_cells - 1)


def leiden(work: AnnData, resolution: float, seed: int) -> pd.Series:
    """Return the Leiden cluster of each cell of a :func:`neighbour_graph`, as text."""
    import scanpy as sc

    with quiet():
        sc.tl.leiden(work, resolution=resolution, flavor="igraph", n_iterations=2, directed=False, random_state=seed)
    labels: pd.Series = work.obs["leiden"].astype(str)
    return labels


# So many cells are looked at: neighbours are then found exactly and fast, and stability needs no more.
_MOST_CELLS = 4000
_SHARE = 0.8
_FEWEST_CELLS = 50


def stability(
    embedding: NDArray[np.float32], resolutions: Sequence[float], *, draws: int = 5, seed: int = 0
) -> pd.DataFrame:
    """Cluster again, with a part of the cells and with other seeds, and see how much of the partition returns.

    Parameters
    ----------
    embedding
        Cells × components. Of more than 4,000 cells so many are drawn.
    resolutions
        Leiden resolutions.
    draws
        Repeats.
    seed
        Seed of the draws.

    Returns
    -------
    One row a resolution: ``resolution``, ``n_clusters``, ``ari_resampled`` (mean adjusted Rand index between the
    clusters of all cells looked at and those of a random 80 % of them, over these), ``ari_reseeded`` (the same cells,
    other seeds), ``n_cells`` (looked at). NaN with fewer than 50 cells. 1: the same clusters; 0: as chance would.

    References
    ----------
    Hubert, L. and Arabie, P. (1985), J. Classif. 2, 193-218. doi:10.1007/BF01908075

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> two = np.repeat([[0.0], [9.0]], 100, axis=0) + rng.normal(size=(200, 5))
    >>> stability(two.astype(np.float32), [0.1], draws=2)["ari_resampled"].round(2).tolist()
    [1.0]
    """
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    if len(embedding) > _MOST_CELLS:
        embedding = embedding[np.sort(rng.choice(len(embedding), _MOST_CELLS, replace=False))]
    if len(embedding) < _FEWEST_CELLS:
        return _table([(value, 0, np.nan, np.nan, len(embedding)) for value in resolutions])
    whole = neighbour_graph(embedding, seed)
    parts = [np.sort(rng.choice(len(embedding), round(_SHARE * len(embedding)), replace=False)) for _ in range(draws)]
    graphs = [neighbour_graph(embedding[part], seed) for part in parts]
    rows = []
    for value in resolutions:
        reference = leiden(whole, value, seed).to_numpy()
        again = [
            adjusted_rand_score(reference[part], leiden(graph, value, seed))
            for part, graph in zip(parts, graphs, strict=True)
        ]
        other = [adjusted_rand_score(reference, leiden(whole, value, seed + 1 + draw)) for draw in range(draws)]
        rows.append((value, len(np.unique(reference)), float(np.mean(again)), float(np.mean(other)), len(embedding)))
    return _table(rows)


def _table(rows: Sequence[tuple[float, int, float, float, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["resolution", "n_clusters", "ari_resampled", "ari_reseeded", "n_cells"])


_COMPONENTS = 30
_VARIABLE_GENES = 2000
# Within one class: fewer genes carry the difference, and a finer cut is safe since names merge clusters.
_VARIABLE_WITHIN = 300
_RESOLUTION_WITHIN = 1.5
_FEWEST_TO_DIVIDE = 15
# Fewer cells have no neighbours worth the name.
_FEWEST_TO_CLUSTER = 5
_FEWEST_WITH_A_GENE = 5
# Coarser clusterings that are kept beside the chosen one, as shares of its resolution.
_COARSER = (0.25, 0.5)


@dataclass(frozen=True)
class Clustering:
    """How cells are clustered.

    Attributes
    ----------
    integration
        How samples are aligned before neighbours are sought: ``none``, ``harmony`` or ``scvi``.
    seed
        Seed of everything random.
    most_cells
        Of more cells, clusters are learnt on a sketch: :mod:`dolor.annotate.sketch`.
    """

    integration: str = "none"
    seed: int = 0
    most_cells: int = MOST_CELLS


def cluster(
    cells: AnnData,
    how: Clustering,
    *,
    resolution: float,
    batch_key: str = "sample_id",
    counts: CellRows | None = None,
) -> pd.Series:
    """Group like cells, and keep an embedding of them.

    Parameters
    ----------
    cells
        Cells; reads ``layers["counts"]``. Written: ``obsm["X_pca"]``, ``obsm["X_umap"]`` and, where batches are
        aligned, ``obsm["X_integrated"]``; ``obs["leiden_<resolution>"]`` for the chosen resolution, its half and its
        quarter; ``uns["cluster_stability"]``, from :func:`dolor.annotate.clusters.stability`. Beyond ``most_cells``
        the principal components are those of all cells, the rest is learnt on a sketch and ``obs["in_sketch"]`` says
        which cells that is.
    how
        Alignment, seed, and how many cells are looked at.
    resolution
        Leiden resolution: higher, finer.
    batch_key
        Column of ``obs`` that is aligned.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`.

    Returns
    -------
    The cluster of each cell, as text, in the order of ``obs``.
    """
    import scanpy as sc

    resolutions = [resolution * share for share in (*_COARSER, 1.0)]
    if cells.n_obs < _FEWEST_TO_CLUSTER:
        return _one_cluster(cells, resolutions, how)
    rows = counts_of(cells, counts)
    with quiet():
        genes = variable_genes(every_nth(expression(rows)), _VARIABLE_GENES)
        found = _embedding(rows, genes, cells.obs[batch_key], how)
        work = neighbour_graph(found.aligned, how.seed, cells.obs_names[found.looked_at])
        for value in resolutions:
            labels = leiden(work, value, how.seed)
            cells.obs[f"leiden_{value:g}"] = pd.Categorical(found.for_all(labels))
        # Begun from two components: the spectral start fails where populations are not connected.
        start = np.ascontiguousarray(found.components[found.looked_at, :2])
        sc.tl.umap(work, init_pos=start, random_state=how.seed)
    cells.uns["cluster_stability"] = stability(found.aligned, resolutions, seed=how.seed)
    cells.obsm["X_pca"] = found.components
    if how.integration != "none":
        cells.obsm["X_integrated"] = found.all_aligned()
    umap = work.obsm["X_umap"].astype(np.float32)
    cells.obsm["X_umap"] = umap if found.sketch is None else found.sketch.places(umap)
    if found.sketch is not None:
        cells.obs["in_sketch"] = np.isin(np.arange(cells.n_obs), found.sketch.cells)
    chosen: pd.Series = cells.obs[f"leiden_{resolution:g}"].astype(str)
    return chosen


def _one_cluster(cells: AnnData, resolutions: Sequence[float], how: Clustering) -> pd.Series:
    """Take too few cells for neighbours as one cluster, all in one place."""
    place = np.zeros((cells.n_obs, 2), dtype=np.float32)
    for name in ("X_pca", "X_umap", *(("X_integrated",) if how.integration != "none" else ())):
        cells.obsm[name] = place.copy()
    for value in resolutions:
        cells.obs[f"leiden_{value:g}"] = pd.Categorical(["0"] * cells.n_obs)
    cells.uns["cluster_stability"] = stability(place, resolutions, seed=how.seed)
    return pd.Series("0", index=cells.obs_names)


def refine(
    rows: CellRows,
    samples: pd.Series,
    clusters: pd.Series,
    groups: pd.Series,
    markers: NDArray[np.bool_],
    how: Clustering,
) -> pd.Series:
    """Cluster each group of cells once more by itself.

    What tells the subsets of one class apart (arterial from venous endothelium, one T cell from another) is a small
    part of the variance of a whole tissue, and rare subsets drown in it. Among their own kind they stand out.

    Parameters
    ----------
    rows
        Cells × genes, raw counts.
    samples
        The sample of each cell.
    clusters
        The cluster of each cell.
    groups
        The group of each cell, such as its class.
    markers
        Genes that are looked at besides the most variable ones.
    how
        As in :func:`cluster`; after scVI, which is trained once on all cells, a class is aligned by Harmony.

    Returns
    -------
    The finer cluster of each cell: its group and a number; groups too small to divide keep their clusters.
    """
    fine = (groups.astype(str) + "/" + clusters.astype(str)).to_numpy(dtype=object)
    within = replace(how, integration="harmony" if how.integration == "scvi" else how.integration)
    if rows.shape[0] > how.most_cells:
        # A class of an atlas is no more worth than the atlas was.
        within = replace(within, most_cells=how.most_cells // 2)
    with quiet():
        for group in sorted(set(groups.astype(str))):
            members = (groups.astype(str) == group).to_numpy()
            if members.sum() < _FEWEST_TO_DIVIDE:
                continue
            part = rows.of(members)
            chosen = variable_genes(every_nth(expression(part)), _VARIABLE_WITHIN) | markers
            found = _embedding(part, chosen, samples[members], within, fewest=_FEWEST_WITH_A_GENE)
            labels = leiden(neighbour_graph(found.aligned, how.seed), _RESOLUTION_WITHIN, how.seed)
            fine[members] = f"{group}/" + pd.Series(found.for_all(labels), dtype=object)
    return pd.Series(fine, index=clusters.index)


@dataclass(frozen=True)
class _Embedded:
    """Principal components of all cells, the sketch of too many, and the aligned places of the cells looked at."""

    components: NDArray[np.float32]
    sketch: Sketch | None
    aligned: NDArray[np.float32]

    @property
    def looked_at(self) -> NDArray[np.intp]:
        return np.arange(len(self.components)) if self.sketch is None else self.sketch.cells

    def for_all(self, labels: pd.Series) -> NDArray[np.object_]:
        """Give every cell the label that the cells looked at say it has."""
        return labels.to_numpy(dtype=object) if self.sketch is None else self.sketch.labels(labels)

    def all_aligned(self) -> NDArray[np.float32]:
        """Move every cell as the sketched cells around it were moved."""
        if self.sketch is None:
            return self.aligned
        moved = self.components + self.sketch.places(self.aligned - self.components[self.looked_at])
        moved[self.looked_at] = self.aligned
        return moved


def _embedding(
    rows: CellRows, genes: NDArray[np.bool_], batch: pd.Series, how: Clustering, *, fewest: int = 0
) -> _Embedded:
    """Find principal components, draw a sketch of too many cells, and align those that are looked at.

    Of the genes those are left out that fewer than ``fewest`` cells have.
    """
    logged = expression(rows).with_genes(genes)
    if fewest:
        if rows.shape[0] <= how.most_cells:
            logged = RowsInMemory(logged.whole())
        detected = np.zeros(logged.shape[1], dtype=np.int64)
        for _, block in logged.blocks():
            detected += np.asarray(block.getnnz(axis=0))
        logged = logged.with_genes(detected >= fewest)
    components = principal_components(logged, min(_COMPONENTS, logged.shape[0] - 1, logged.shape[1] - 1))
    sketch = draw_sketch(components, how.most_cells // 2, how.seed) if len(components) > how.most_cells else None
    looked_at = np.arange(len(components)) if sketch is None else sketch.cells
    # Only scVI reads counts.
    counts = rows.with_genes(genes).rows(looked_at) if how.integration == "scvi" else sparse.csr_matrix((0, 0))
    aligned = align(how.integration, components[looked_at], counts, batch.iloc[looked_at], seed=how.seed)
    return _Embedded(components, sketch, aligned)
