"""Which cells are kept: thresholds set robustly within sample and kind, and a count of what was dropped and why.

Quality by kind of cell, once the cells have names: what was kept, and of what kind were those that were dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.core.contracts import check_cells
from dolor.core.errors import DataError
from dolor.core.vocabulary import UNASSIGNED
from dolor.io.matrix.cell_rows import CellRows, counts_of
from dolor.pp.embed import coarse_groups, group_means

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["REASONS", "cell_metrics", "dropped_kinds", "quality", "quality_by_kind", "why_dropped"]

# Median absolute deviation of a normal distribution, in standard deviations.
_MAD_TO_SD = 1.4826
# No cell is dropped for a mitochondrial share below this, however little its sample has.
_MITO_FLOOR = 0.05
REASONS = ("few_genes", "low_counts", "high_mito")


def cell_metrics(adata: AnnData, counts: CellRows | None = None) -> pd.DataFrame:
    """Count, for each cell, its transcripts, its genes and its mitochondrial share.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]``.
    counts
        As in :func:`quality`.

    Returns
    -------
    One row a cell: ``n_counts``, ``n_genes``, ``mito_fraction`` (0 where the cell has no counts).
    """
    is_mito = np.flatnonzero(adata.var_names.str.upper().str.startswith("MT-"))
    n_counts, mito, detected = np.zeros(adata.n_obs), np.zeros(adata.n_obs), np.zeros(adata.n_obs, dtype=np.int64)
    for place, block in counts_of(adata, counts).blocks():
        n_counts[place] = np.asarray(block.sum(axis=1)).ravel()
        mito[place] = np.asarray(block[:, is_mito].sum(axis=1)).ravel()
        detected[place] = np.asarray(block.count_nonzero(axis=1)).ravel()
    share = np.divide(mito, n_counts, out=np.zeros_like(n_counts), where=n_counts > 0)
    return pd.DataFrame({"n_counts": n_counts, "n_genes": detected, "mito_fraction": share}, index=adata.obs_names)


def why_dropped(
    metrics: pd.DataFrame,
    samples: pd.Series,
    kinds: NDArray[np.object_],
    *,
    min_genes: int,
    mads: float,
    max_mito: NDArray[np.float64] | float,
) -> NDArray[np.str_]:
    """Give each cell's first reason to be dropped, or an empty text.

    Parameters
    ----------
    metrics
        One row a cell, from :func:`cell_metrics`.
    samples
        The sample of each cell.
    kinds
        The coarse kind of each cell. A cell has too few counts only if it has few for its sample and for its kind: a
        lymphocyte among neurons is small for the sample, not for a lymphocyte.
    min_genes
        Fewest detected genes.
    mads
        Deviations from the median that are tolerated: below it for log counts, above that of the sample for the
        mitochondrial share. Nothing is dropped for being large, since neurons are.
    max_mito
        Largest mitochondrial share, whatever the sample's median is; one for all or one a cell.

    Returns
    -------
    One word a cell, of :data:`REASONS` or empty.
    """
    log_counts = np.log1p(metrics["n_counts"])
    low = log_counts < _limit(log_counts, samples, -mads)
    # Depth differs between samples, so kinds are judged by what a cell has beyond the median of its sample.
    relative = log_counts - log_counts.groupby(samples.to_numpy(), observed=True).transform("median")
    low &= relative < _limit(relative, pd.Series(kinds), -mads)
    mito = metrics["mito_fraction"]
    high = (mito > max_mito) | ((mito > _limit(mito, samples, mads)) & (mito > _MITO_FLOOR))
    reason = np.full(len(metrics), "", dtype="<U10")
    for word, mask in (("high_mito", high), ("low_counts", low), ("few_genes", metrics["n_genes"] < min_genes)):
        reason[np.asarray(mask)] = word
    return reason


def _limit(values: pd.Series, groups: pd.Series, mads: float) -> pd.Series:
    """Return, for each cell, the median of its group moved by so many median absolute deviations."""
    grouped = values.groupby(groups.to_numpy(), observed=True)
    median = grouped.transform("median")
    deviation = (values - median).abs().groupby(groups.to_numpy(), observed=True).transform("median")
    return median + mads * _MAD_TO_SD * deviation


def quality(
    adata: AnnData,
    *,
    min_genes: int = 50,
    mads: float = 5.0,
    max_mito: float = 0.4,
    max_mito_nuclei: float = 0.1,
    seed: int = 0,
    counts: CellRows | None = None,
) -> tuple[AnnData, dict[str, Any]]:
    """Keep the cells that can be trusted, and say what was dropped and why.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]``. ``obs["why_dropped"]`` is written: a reason, or empty.
    min_genes
        Fewest detected genes of a cell.
    mads
        Median absolute deviations that are tolerated: below the median counts both of the sample and of the cell's
        coarse kind, and above the sample's median mitochondrial share. Large cells are never dropped: neurons are
        large; and small ones not for being small beside neurons.
    max_mito, max_mito_nuclei
        Largest mitochondrial share of a cell, and of a nucleus: a nucleus has none of its own.
    seed
        Seed of the coarse kinds.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`. Then
        ``layers["counts"]`` is not needed, and memory holds a block of cells at a time.

    Returns
    -------
    kept
        A new object with the cells kept (without matrices where the counts stay in a file), and ``n_counts``,
        ``n_genes``, ``mito_fraction`` and ``coarse_kind`` in ``obs``.
    summary
        Cells before and after, the number dropped for each reason, in all and by sample; of each sample whether it
        holds cells or nuclei, and the medians of what was kept.

    Raises
    ------
    dolor.core.errors.DataError
        The object is not Cells, or no cell is left.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> kept, summary = dl.pp.quality(study.cells)
    >>> summary["cells_before"] - summary["cells_after"] == sum(summary["dropped"].values())
    True
    """
    check_cells(adata, counts=counts)
    metrics = cell_metrics(adata, counts)
    kinds = coarse_groups(counts_of(adata, counts), seed)
    nuclei = (adata.obs["suspension_type"].astype(str) == "nucleus").to_numpy()
    reason = why_dropped(
        metrics,
        adata.obs["sample_id"].astype(str),
        kinds,
        min_genes=min_genes,
        mads=mads,
        max_mito=np.where(nuclei, max_mito_nuclei, max_mito),
    )
    keep = reason == ""
    if not keep.any():
        worst = pd.Series(reason).value_counts().index[0]
        raise DataError(
            f"no cell passes quality control (of {adata.n_obs}, most for {worst}); lower the thresholds, "
            f"or check that the matrix holds all genes"
        )
    adata.obs["why_dropped"] = pd.Categorical(reason, categories=["", *REASONS])
    kept = adata[keep].copy()
    del kept.obs["why_dropped"]
    for name in metrics.columns:
        kept.obs[name] = metrics.loc[keep, name]
    kept.obs["coarse_kind"] = pd.Categorical(kinds[keep])
    limits = {"min_genes": min_genes, "mads": mads, "max_mito": max_mito, "max_mito_nuclei": max_mito_nuclei}
    return kept, _summary(reason, adata.obs, metrics, limits)


def _summary(
    reason: NDArray[np.str_], obs: pd.DataFrame, metrics: pd.DataFrame, parameters: dict[str, float]
) -> dict[str, Any]:
    samples = obs["sample_id"].astype(str).to_numpy()
    by_sample = pd.crosstab(samples, reason)
    modality = obs["suspension_type"].astype(str).groupby(samples).first().to_dict()
    medians = metrics[reason == ""].groupby(samples[reason == ""]).median().add_prefix("median_")
    return {
        "cells_before": len(reason),
        "cells_after": int((reason == "").sum()),
        "dropped": {word: int((reason == word).sum()) for word in REASONS},
        "samples": {
            str(sample): {
                "cells_before": int(row.sum()),
                "cells_after": int(row.get("", 0)),
                "dropped": {word: int(row.get(word, 0)) for word in REASONS},
                "suspension_type": modality[sample],
                **({name: float(value) for name, value in medians.loc[sample].items()} if row.get("", 0) else {}),
            }
            for sample, row in by_sample.iterrows()
        },
        "parameters": parameters,
    }


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
    dolor.core.errors.DataError
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
