"""Quality by kind of cell, once the cells have names: what was kept, and of what kind were those that were dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.contracts.vocabulary import UNASSIGNED
from dolor.errors import DataError
from dolor.io.cell_rows import CellRows, counts_of
from dolor.pp.groups import group_means

if TYPE_CHECKING:
    from anndata import AnnData

_GENES = 2000
_FEWEST_CELLS = 10
# Log-likelihood by which the best kind must outdo the second, and counts that a droplet must hold, to be told.
_LEAD = 5.0
_FEWEST_COUNTS = 20
# Measures of a cell whose median by kind is shown, where the cells have them.
_MEASURES = ("n_counts", "n_genes", "mito_fraction", "ambient_share")


def dropped_kinds(
    dropped: AnnData, kept: AnnData, groupby: str = "cell_class", *, counts: CellRows | None = None
) -> pd.Series:
    """Say of what kind each dropped droplet would have been.

    Its counts are held against the mean profile of each kind of the kept cells (multinomial likelihood, on the genes
    that tell the kinds apart).

    Parameters
    ----------
    dropped
        Droplets that quality control left out; reads ``layers["counts"]``. The same genes as ``kept``.
    kept
        Named cells; reads ``layers["counts"]`` and ``groupby``.
    groupby
        Column of ``obs`` with the kinds.
    counts
        The counts of ``kept``, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`.

    Returns
    -------
    The kind of each droplet; ``unassigned`` where no kind leads clearly or fewer than 20 counts tell.

    Raises
    ------
    dolor.errors.DataError
        The genes differ, or ``groupby`` is no column.

    Examples
    --------
    >>> import dolor as dl
    >>> cells = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=150).cells
    >>> kinds = dl.pp.dropped_kinds(cells[:50], cells[50:], "truth_class")
    >>> bool((kinds == cells.obs["truth_class"][:50].astype(str)).mean() > 0.8)
    True
    """
    if groupby not in kept.obs.columns:
        raise DataError(f"obs has no column '{groupby}'; there are {', '.join(map(str, kept.obs.columns))}")
    if not dropped.var_names.equals(kept.var_names):
        raise DataError("the dropped droplets and the cells kept have different genes: take both from one object")
    labels = kept.obs[groupby].astype(str).to_numpy(dtype=object)
    named = labels != UNASSIGNED
    answer = np.full(dropped.n_obs, UNASSIGNED, dtype=object)
    if named.any() and dropped.n_obs:
        means, numbers = group_means(counts_of(kept, counts).of(named), labels[named])
        enough = numbers >= _FEWEST_CELLS
        names = np.array(sorted(set(labels[named])), dtype=object)[enough]
        if len(names) > 1:
            place, told = _likeliest(sparse.csr_matrix(dropped.layers["counts"]), means[enough], numbers[enough])
            answer[told] = names[place[told]]
    return pd.Series(answer, index=dropped.obs_names, name=groupby)


def _likeliest(
    counts: sparse.csr_matrix, means: NDArray[np.float64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the likeliest kind of each droplet, and whether it can be told."""
    summed = means * numbers[:, None] + 0.5
    shares = summed / summed.sum(axis=1, keepdims=True)
    telling = np.log(shares).std(axis=0) * np.sqrt(shares.max(axis=0))
    genes = np.sort(np.argsort(-telling, kind="stable")[:_GENES])
    part, of_genes = counts[:, genes], shares[:, genes]
    likelihood = part @ np.log(of_genes / of_genes.sum(axis=1, keepdims=True)).T
    best = np.sort(likelihood, axis=1)
    told = np.asarray(part.sum(axis=1)).ravel() >= _FEWEST_COUNTS
    return likelihood.argmax(axis=1), told & (best[:, -1] - best[:, -2] >= _LEAD)


def quality_by_kind(
    kept: AnnData, dropped: AnnData | None = None, groupby: str = "cell_class", *, counts: CellRows | None = None
) -> pd.DataFrame:
    """Summarise quality by kind: thresholds that suit neurons may not suit lymphocytes.

    Parameters
    ----------
    kept
        Named cells; reads ``groupby``, and of ``obs`` what is there of ``n_counts``, ``n_genes``, ``mito_fraction``,
        ``ambient_share``, ``doublet`` and ``pairing``.
    dropped
        Droplets that quality control left out, with their reason in ``obs["why_dropped"]``.
    groupby
        Column of ``obs`` with the kinds.
    counts
        As in :func:`dropped_kinds`.

    Returns
    -------
    One row a kind: ``kind``, ``n_cells``, the medians of the measures, ``doublet_share`` (of those that were asked),
    ``paired`` and ``phagocytosis`` (cells), ``n_dropped`` and one column ``dropped_<reason>`` a reason.

    Examples
    --------
    >>> import dolor as dl
    >>> kept, _ = dl.pp.quality(dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=150).cells)
    >>> table = quality_by_kind(kept, groupby="truth_class").set_index("kind")
    >>> bool(table.loc["sensory_neuron", "n_counts"] > table.loc["t_cell", "n_counts"])
    True
    """
    kinds = kept.obs[groupby].astype(str).rename("kind")
    grouped = kept.obs.groupby(kinds.to_numpy(), sort=True)
    table = pd.DataFrame({"n_cells": grouped.size()})
    for name in (measure for measure in _MEASURES if measure in kept.obs.columns):
        table[name] = grouped[name].median()
    if "doublet" in kept.obs.columns:
        called = kept.obs["doublet"].astype(str)
        flagged = (called == "yes").astype(float).where(called != "unknown")
        table["doublet_share"] = flagged.groupby(kinds.to_numpy()).mean()
    if "pairing" in kept.obs.columns:
        for column, word in (("paired", "pair"), ("phagocytosis", "phagocytosis")):
            table[column] = (kept.obs["pairing"].astype(str) == word).groupby(kinds.to_numpy()).sum()
    if dropped is not None:
        reasons = pd.crosstab(
            dropped_kinds(dropped, kept, groupby, counts=counts).to_numpy(),
            dropped.obs["why_dropped"].astype(str).to_numpy(),
        )
        table = table.join(reasons.add_prefix("dropped_"), how="outer")
        table["n_dropped"] = reasons.sum(axis=1).reindex(table.index)
        counted = ["n_cells", *(name for name in table.columns if "dropped" in name or name in ("paired",))]
        table[counted] = table[counted].fillna(0).astype(int)
    return table.rename_axis("kind").reset_index()
