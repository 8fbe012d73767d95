"""Groups of like cells: variable genes, principal components, alignment of samples, neighbours, Leiden."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.annotate.graph import leiden, neighbour_graph, quiet
from dolor.annotate.sketch import MOST_CELLS, Sketch, draw_sketch
from dolor.annotate.stability import stability
from dolor.io.cell_rows import CellRows, RowsInMemory, counts_of
from dolor.io.read import expression
from dolor.pp.components import every_nth, principal_components, variable_genes
from dolor.pp.integrate import align

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

_COMPONENTS = 30
_VARIABLE_GENES = 2000
# Within one class: fewer genes carry the difference, and a finer cut is safe since names merge clusters.
_VARIABLE_WITHIN = 300
_RESOLUTION_WITHIN = 1.5
_FEWEST_TO_DIVIDE = 15
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
        quarter; ``uns["cluster_stability"]``, from :func:`dolor.annotate.stability.stability`. Beyond ``most_cells``
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
