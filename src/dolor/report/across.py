"""What the page shows across datasets: forest plots of the clearest signals, and how far the datasets agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dolor.report import wording
from dolor.report.figures.forest import forest_figure
from dolor.report.findings import FDR
from dolor.report.rows import rows_of

__all__ = ["across_section"]

_MOST_FORESTS = 6


def across_section(meta: pd.DataFrame, mediators: pd.Series) -> dict[str, Any] | None:
    """Draw the clearest combined signals, one for each mediator and sender.

    Parameters
    ----------
    meta
        Table of :func:`dolor.crosstalk.meta.meta`; empty where no two datasets could be combined.
    mediators
        By ``interaction_id``, the name of its mediator.

    Returns
    -------
    Counts of signals in ``several`` datasets, in a ``single`` one, and ``found``; ``forests``. None without a table.
    """
    if not len(meta):
        return None
    several = meta[meta["n_datasets"] > 1]
    best = several[several["contrast_type"].astype(str) == "condition"].sort_values(
        ["pvalue", "sender", "receiver", "interaction_id"], kind="stable"
    )
    forests = []
    if "dataset_effects" in meta.columns:
        best = best.drop_duplicates(["interaction_id", "sender"]).head(_MOST_FORESTS)
        forests = [_forest(row, mediators) for row in rows_of(best)]
    return {
        "several": len(several),
        "single": len(meta) - len(several),
        "found": int((several["qvalue"] < FDR).sum()),
        "forests": forests,
    }


def _forest(row: dict[str, Any], mediators: pd.Series) -> dict[str, Any]:
    mediator = mediators.get(row["interaction_id"], str(row["interaction_id"]).partition(":")[0])
    cells = f"{wording.population(str(row['sender']))} → {wording.population(str(row['receiver']))}"
    effects, errors = (np.array(str(row[name]).split(";"), dtype=float) for name in ("dataset_effects", "dataset_ses"))
    return {
        "title": f"{mediator}: {cells}",
        "comparison": wording.comparison(row),
        "figure": forest_figure(row, str(row["datasets"]).split(";"), effects, errors),
        "said": (
            f"Together {wording.fold(float(row['effect']))} ({wording.probability('q', float(row['qvalue']))}); "
            f"I² = {float(row['i2']):.0%}, {wording.probability('heterogeneity p', float(row['q_pvalue']))}."
        ),
    }
