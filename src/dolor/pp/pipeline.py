"""Quality control as a run does it: the order of its steps, their thresholds, and what each hands to the next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dolor.io.matrix.cell_rows import counts_of
from dolor.pp.ambient import Ambient, ambient, corrected_counts
from dolor.pp.doublets import doublets
from dolor.pp.quality import quality
from dolor.pp.sex import call_sex
from dolor.pp.sex_demultiplex import settle_sex, sex_report
from dolor.pp.sex_demultiplex import split_pooled as split

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

    from dolor.io.matrix.cell_rows import CellRows

__all__ = ["Controlled", "as_records", "quality_control"]


# Columns of ``obs`` that quality control writes, and that a file may bring with another meaning.
_WRITTEN = (
    "library_id", "n_counts", "n_genes", "mito_fraction", "doublet", "doublet_score", "sex_reported", "why_dropped",
)  # fmt: skip


@dataclass(frozen=True)
class Controlled:
    """Cells after quality control, and what was found.

    Attributes
    ----------
    cells
        The cells to go on with.
    report
        What was dropped and why, and what each step found.
    sex
        Table ``sex``, from :func:`dolor.pp.call_sex`.
    ambient
        What leaks in each library.
    passed
        Which of the cells given passed the thresholds.
    told
        Which of those that passed are in ``cells``: cells of unknown sex in a pool of both sexes are not.
    corrected
        Counts without what leaked, of the cells that passed; only if asked for.
    """

    cells: AnnData
    report: dict[str, Any]
    sex: pd.DataFrame
    ambient: Ambient
    passed: NDArray[np.bool_]
    told: NDArray[np.bool_]
    corrected: CellRows | None = None


def quality_control(
    adata: AnnData,
    empty: AnnData | None = None,
    *,
    min_genes: int = 50,
    mads: float = 5.0,
    max_mito: float = 0.4,
    max_mito_nuclei: float = 0.1,
    doublet_rate: float = 0.05,
    correct: bool = False,
    split_pooled: bool = True,
    seed: int = 0,
    counts: CellRows | None = None,
) -> Controlled:
    """Drop cells that cannot be trusted, flag doublets, estimate ambient RNA, call sex and split pooled libraries.

    Parameters
    ----------
    adata
        Cells; reads ``layers["counts"]``. ``obs["why_dropped"]`` is written. Columns that the file brought under a name
        that is written here are kept as ``doublet_given`` and so on.
    empty
        Droplets without a cell, with ``sample_id`` in ``obs``, for ambient RNA.
    min_genes, mads, max_mito, max_mito_nuclei
        As in :func:`dolor.pp.quality`.
    doublet_rate
        Share of doublets that is expected. Doublets are flagged and stay: calls lean towards large cells, so what to
        do about them is the reader's choice.
    correct
        Also compute counts without what leaked, as ``layers["corrected"]``.
    split_pooled
        Split libraries that pool both sexes by the sex of their cells, as called; cells of unknown sex leave them.
    seed
        Seed of everything random.
    counts
        The counts of these cells, where they stay in a file: from :func:`dolor.io.stored_cells.open_cells`.

    Returns
    -------
    The cells and what was found; the same as ``dolor quality`` gives.

    Raises
    ------
    dolor.core.errors.DataError
        The object is not Cells, or no cell is left.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> found = dl.pp.quality_control(study.cells)
    >>> found.cells.n_obs == found.report["cells_after"]
    True
    """
    limits: dict[str, Any] = {
        "min_genes": min_genes, "mads": mads, "max_mito": max_mito, "max_mito_nuclei": max_mito_nuclei
    }  # fmt: skip
    _keep_given(adata.obs)
    kept, report = quality(adata, **limits, seed=seed, counts=counts)
    passed = (adata.obs["why_dropped"] == "").to_numpy()
    own = None if counts is None else counts.of(passed)
    report["doublets"] = as_records(doublets(kept, expected_rate=doublet_rate, seed=seed, counts=own))
    if empty is not None:
        # An unfiltered matrix holds the cells as well, also those left out here; they are no empty droplets.
        empty = empty[~empty.obs_names.isin(adata.obs_names)]
    leaks = ambient(kept, empty, seed=seed, counts=own)
    report["ambient"] = as_records(leaks.samples)
    corrected = None
    if correct:
        kinds = kept.obs["coarse_kind"].astype(str).to_numpy()
        corrected = corrected_counts(counts_of(kept, own), kept.obs["sample_id"], kinds, leaks)
        if own is None:
            kept.layers["corrected"] = corrected.whole()
    calls = call_sex(kept, counts=own)
    settle_sex(kept, calls)
    report["sex"] = as_records(sex_report(calls))
    report["pooled"] = []
    told = ~_split(kept, calls, report) if split_pooled else np.ones(kept.n_obs, dtype=bool)
    report["parameters"] |= {
        "doublet_rate": doublet_rate, "correct": correct, "split_pooled": split_pooled, "seed": seed
    }  # fmt: skip
    return Controlled(kept[told].copy(), report, calls, leaks, passed, told, corrected)


def _keep_given(obs: pd.DataFrame) -> None:
    """Keep columns of the user that are overwritten under a name that ends in ``_given``; own ones are replaced."""
    if "coarse_kind" not in obs.columns:
        for column in _WRITTEN:
            if column in obs.columns:
                obs[f"{column}_given"] = obs[column]


def _split(kept: AnnData, calls: pd.DataFrame, report: dict[str, Any]) -> NDArray[np.bool_]:
    """Split pooled libraries, and say which cells of them are of unknown sex."""
    parts = split(kept, calls)
    report["pooled"] = as_records(parts)
    # A part of unknown sex is no animal: as a sample it would count its library once more.
    unknown = parts.loc[parts["sex"] == "unknown", "sample_id"]
    untold: NDArray[np.bool_] = kept.obs["sample_id"].isin(unknown).to_numpy()
    if len(parts):
        report["dropped"]["untold_in_pool"] = int(untold.sum())
        report["cells_after"] = int((~untold).sum())
    return untold


def as_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table as JSON knows it: what is not a number becomes null."""
    records: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return records
