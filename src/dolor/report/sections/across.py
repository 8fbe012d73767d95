"""What the page shows across datasets: forest plots of the clearest signals, and how far the datasets agree.

The maps of the pain axis: one for every comparison that the datasets have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dolor.knowledge.vocabulary import NOT_STATED
from dolor.pl.pain_axis_traffic import crossing, traffic_of
from dolor.report import wording
from dolor.report.data import Run
from dolor.report.figures.axis_map import MOST_DRAWN, axis_map
from dolor.report.figures.estimates import forest_figure
from dolor.report.findings import FDR
from dolor.report.pairs import Crosstalk, named_contrasts
from dolor.report.wording import rows_of

__all__ = ["across_section", "map_section"]

_MOST_FORESTS = 6


def across_section(meta: pd.DataFrame, mediators: pd.Series) -> dict[str, Any] | None:
    """Draw the clearest combined signals, one for each mediator and sender.

    Parameters
    ----------
    meta
        Table of :func:`dolor.contrasts.meta.meta`; empty where no two datasets could be combined.
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


def map_section(
    run: Run, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]], statements: pd.DataFrame
) -> list[dict[str, Any]]:
    """Draw a map for every comparison.

    Returns
    -------
    One entry a comparison: its ``name``, what is ``compared`` and in whom (``within``), number of ``hits``, ``figure``.
    """
    stated = statements["compartment"].str.split(";").explode().value_counts()
    about = {str(place): int(number) for place, number in stated.items()}
    place_of = {dataset.dataset_id: dataset.compartment for dataset in run.datasets}
    pain_types = _pain_types(knowledge)
    rows = named_contrasts(crosstalk, knowledge)
    comparisons = rows_of(crosstalk.comparisons)
    names = pd.Series([wording.comparison(row) for row in comparisons], dtype=object)
    maps = []
    for name in dict.fromkeys(names):
        its = rows[rows["comparison"].isin(names.index[names == name])]
        hits = its[its["qvalue"] < FDR]
        at = hits["dataset_id"].astype(str).map(place_of)
        places = {place: traffic_of(crossing(hits[at == place]), MOST_DRAWN) for place in place_of.values()}
        n_drawn = sum(traffic.signals for traffic in places.values())
        title = f"Signals between neurons and other cells that differ, {name}: {n_drawn:,}"
        compared, within = wording.comparison_parts(comparisons[int(names.index[names == name][0])])
        figure = axis_map(places, about, pain_types, title)
        maps.append({"name": name, "compared": compared, "within": within, "hits": n_drawn, "figure": figure})
    return maps


def _pain_types(knowledge: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Gather for each mediator the pain types that its statements name."""
    found: dict[str, set[str]] = {}
    for known in knowledge.values():
        types = (word for statement in known["statements"] for word in statement["pain_type"].split(";"))
        found.setdefault(known["mediator"], set()).update(set(types) - {"", NOT_STATED})
    return {mediator: ";".join(sorted(types)) for mediator, types in found.items()}
