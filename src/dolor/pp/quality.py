"""Which cells are kept: thresholds set robustly within each sample, and a count of what was dropped and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dolor.contracts.cells import check_cells
from dolor.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

# Median absolute deviation of a normal distribution, in standard deviations.
_MAD_TO_SD = 1.4826
REASONS = ("few_genes", "low_counts", "high_mito")


def cell_metrics(adata: AnnData) -> pd.DataFrame:
    """Count, for each cell, its transcripts, its genes and its mitochondrial share.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]``.

    Returns
    -------
    One row a cell: ``n_counts``, ``n_genes``, ``mito_fraction`` (0 where the cell has no counts).
    """
    counts = adata.layers["counts"]
    n_counts = np.asarray(counts.sum(axis=1)).ravel().astype(float)
    is_mito = np.asarray(adata.var_names.str.upper().str.startswith("MT-"))
    mito = np.asarray(counts[:, is_mito].sum(axis=1)).ravel() if is_mito.any() else np.zeros(adata.n_obs)
    detected = np.asarray((counts > 0).sum(axis=1)).ravel()
    share = np.divide(mito, n_counts, out=np.zeros_like(n_counts), where=n_counts > 0)
    return pd.DataFrame(
        {"n_counts": n_counts, "n_genes": detected.astype(np.int64), "mito_fraction": share}, index=adata.obs_names
    )


def why_dropped(
    metrics: pd.DataFrame, samples: pd.Series, *, min_genes: int, mads: float, max_mito: float
) -> NDArray[np.str_]:
    """Give each cell's first reason to be dropped, or an empty text.

    Parameters
    ----------
    metrics
        One row a cell, from :func:`cell_metrics`.
    samples
        The sample of each cell.
    min_genes
        Fewest detected genes.
    mads
        Deviations from the sample's median that are tolerated: below it for log counts, above it for the
        mitochondrial share. Nothing is dropped for being large, since neurons are.
    max_mito
        Largest mitochondrial share, whatever the sample's median is.

    Returns
    -------
    One word a cell, of :data:`REASONS` or empty.
    """
    log_counts = np.log1p(metrics["n_counts"])
    low = log_counts < _limit(log_counts, samples, -mads)
    mito = metrics["mito_fraction"]
    high = (mito > max_mito) | ((mito > _limit(mito, samples, mads)) & (mito > 0.05))
    reason = np.full(len(metrics), "", dtype="<U10")
    for word, mask in (("high_mito", high), ("low_counts", low), ("few_genes", metrics["n_genes"] < min_genes)):
        reason[np.asarray(mask)] = word
    return reason


def _limit(values: pd.Series, samples: pd.Series, mads: float) -> pd.Series:
    """Return, for each cell, the median of its sample moved by so many median absolute deviations."""
    groups = values.groupby(samples.to_numpy(), observed=True)
    median = groups.transform("median")
    deviation = (values - median).abs().groupby(samples.to_numpy(), observed=True).transform("median")
    return median + mads * _MAD_TO_SD * deviation


def quality(
    adata: AnnData, *, min_genes: int = 50, mads: float = 5.0, max_mito: float = 0.4
) -> tuple[AnnData, dict[str, Any]]:
    """Keep the cells that can be trusted, and say what was dropped and why.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]``.
    min_genes
        Fewest detected genes of a cell.
    mads
        Median absolute deviations from the sample's median that are tolerated, for few counts and for a high
        mitochondrial share. Large cells are never dropped: neurons are large.
    max_mito
        Largest mitochondrial share.

    Returns
    -------
    kept
        A new object with the cells kept, and ``n_counts``, ``n_genes``, ``mito_fraction`` in ``obs``.
    summary
        Cells before and after, the number dropped for each reason, in all and by sample.

    Raises
    ------
    dolor.errors.DataError
        The object is not Cells, or no cell is left.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> kept, summary = dl.pp.quality(study.cells)
    >>> summary["cells_before"] - summary["cells_after"] == sum(summary["dropped"].values())
    True
    """
    check_cells(adata)
    metrics = cell_metrics(adata)
    samples = adata.obs["sample_id"].astype(str)
    reason = why_dropped(metrics, samples, min_genes=min_genes, mads=mads, max_mito=max_mito)
    keep = reason == ""
    if not keep.any():
        worst = pd.Series(reason).value_counts().index[0]
        raise DataError(
            f"no cell passes quality control (of {adata.n_obs}, most for {worst}); lower the thresholds, "
            f"or check that the matrix holds all genes"
        )
    kept = adata[keep].copy()
    for name in metrics.columns:
        kept.obs[name] = metrics.loc[keep, name]
    return kept, _summary(reason, samples, {"min_genes": min_genes, "mads": mads, "max_mito": max_mito})


def _summary(reason: NDArray[np.str_], samples: pd.Series, parameters: dict[str, float]) -> dict[str, Any]:
    by_sample = pd.crosstab(samples.to_numpy(), reason)
    return {
        "cells_before": len(reason),
        "cells_after": int((reason == "").sum()),
        "dropped": {word: int((reason == word).sum()) for word in REASONS},
        "samples": {
            str(sample): {
                "cells_before": int(row.sum()),
                "cells_after": int(row.get("", 0)),
                "dropped": {word: int(row.get(word, 0)) for word in REASONS},
            }
            for sample, row in by_sample.iterrows()
        },
        "parameters": parameters,
    }
