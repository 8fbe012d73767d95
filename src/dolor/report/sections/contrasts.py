"""What the page shows of each comparison: a volcano, who changes towards whom, the clearest signals, both sexes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dolor.pl.select import traffic
from dolor.report import wording
from dolor.report.data import DatasetRun
from dolor.report.figures.scatter import sex_scatter, volcano
from dolor.report.findings import FDR
from dolor.report.pairs import Crosstalk, named_contrasts
from dolor.report.wording import rows_of

__all__ = ["contrast_section"]

_TOP_ROWS = 12
_SHADES = 4


def contrast_section(
    dataset: DatasetRun, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Draw each comparison of a dataset; set the sexes side by side."""
    rows = named_contrasts(crosstalk, knowledge)
    rows = rows[rows["dataset_id"].astype(str) == dataset.dataset_id]
    comparisons = crosstalk.comparisons[crosstalk.comparisons["dataset_id"] == dataset.dataset_id]
    parts = []
    for key in rows_of(comparisons.rename_axis("number").reset_index()):
        its = rows[rows["comparison"] == key["number"]]
        status = its["status"].astype(str).value_counts().to_dict()
        parts.append({
            "number": key["number"],
            "name": wording.comparison(key),
            "type": key["contrast_type"],
            "tested": status.get("tested", 0),
            "described": status.get("described", 0),
            "figure": volcano(its, FDR),
            "heat": heat_table(its),
            "rows": _clearest(its),
        })  # fmt: skip
    return {"comparisons": parts, "sexes": _sexes(rows, comparisons)}


def heat_table(rows: pd.DataFrame) -> dict[str, Any] | None:
    """Count the signals that change, senders by receivers; populations without any are left out.

    Returns
    -------
    ``receivers``, and ``rows`` with a ``sender`` and one cell a receiver: ``changed``, ``text`` (``+4 −1``) and
    ``shade``, the direction of most of them and how many they are against the fullest cell (``up1`` to ``up4``).
    """
    counts = traffic(rows, FDR)
    counts = counts[counts["changed"] > 0]
    if not len(counts):
        return None
    most = int((counts["rising"] - counts["falling"]).abs().max()) or 1
    by_pair = {(row["sender"], row["receiver"]): row for row in rows_of(counts)}
    senders, receivers = (
        counts.groupby(side)["changed"].sum().sort_values(ascending=False, kind="stable").index.tolist()
        for side in ("sender", "receiver")
    )
    return {
        "receivers": receivers,
        "rows": [
            {"sender": sender, "cells": [_heat_cell(by_pair.get((sender, receiver)), most) for receiver in receivers]}
            for sender in senders
        ],
    }


def _heat_cell(counts: Mapping[str, Any] | None, most: int) -> dict[str, Any]:
    if counts is None:
        return {"changed": 0}
    balance = counts["rising"] - counts["falling"]
    step = -(-abs(balance) * _SHADES // most)
    shade = f"{'up' if balance > 0 else 'down'}{step}" if balance else "even"
    parts = [f"{sign}{counts[name]}" for name, sign in (("rising", "+"), ("falling", "−")) if counts[name]]
    return {"changed": counts["changed"], "text": " ".join(parts), "shade": shade}


def _clearest(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List the best signals of a comparison: the tested ones by p, and where none was tested the largest described."""
    one_each = ["mediator", "sender"]
    tested = (
        rows[rows["status"].astype(str) == "tested"].sort_values("pvalue").drop_duplicates(one_each).head(_TOP_ROWS)
    )
    if not len(tested):
        described = rows[rows["status"].astype(str) == "described"]
        tested = described.loc[described["effect"].abs().sort_values(ascending=False).index]
        tested = tested.drop_duplicates(one_each).head(_TOP_ROWS)
    return [
        {
            "pair": int(row["pair"]),
            "mediator": row["mediator"],
            "sender": wording.population(row["sender"]),
            "receiver": wording.population(row["receiver"]),
            "pain_effect": wording.pain_effect(row["pain_effect"]).removesuffix(" pain").removeprefix("effect "),
            "effect": wording.number(row["effect"]),
            "qvalue": wording.number(row["qvalue"], 2),
            "status": row["status"],
            "driver": str(row["driver"]).replace("_", " "),
        }
        for row in rows_of(tested)
    ]


def _sexes(rows: pd.DataFrame, comparisons: pd.DataFrame) -> list[dict[str, Any]]:
    """Draw, for each change with condition, the effect in females against the effect in males."""
    within = comparisons[comparisons["contrast_type"] == "condition_in_sex"]
    found: list[dict[str, Any]] = []
    for (case, reference), pair in within.groupby(["case", "reference"], sort=False):
        number = dict(zip(pair["stratum"], pair.index, strict=True))
        if not {"female", "male"} <= set(number):
            continue
        effect = {
            sex: rows[rows["comparison"] == number[sex]].set_index("pair")["effect"] for sex in ("female", "male")
        }
        table = pd.DataFrame(effect)
        of_change = comparisons[
            (comparisons["contrast_type"] == "interaction") & comparisons["case"].str.startswith(f"{case}:")
        ]
        change = rows[rows["comparison"].isin(of_change.index)].drop_duplicates("pair").set_index("pair")
        table["qvalue"] = change["qvalue"].reindex(table.index)
        table = table.join(rows.drop_duplicates("pair").set_index("pair")[["mediator", "name"]])
        drawn = sex_scatter(table, FDR)
        if drawn is not None:
            found.append({"name": f"{case} vs {reference}", "case": str(case), "figure": drawn})
    return found
