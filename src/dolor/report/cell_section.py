"""What the page shows of the cells of a dataset: who was sampled, who is there, how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dolor.report import wording
from dolor.report.figures.composition import group_figure, sample_figure, shift_figure
from dolor.report.figures.embedding import embedding_figure
from dolor.report.figures.markers import marker_figure
from dolor.report.findings import FDR
from dolor.report.run import DatasetRun, Run

__all__ = ["cell_section", "design_table", "label_table", "sexes_of"]


def sexes_of(run: Run) -> list[str]:
    """Return the sexes that any dataset has, in a fixed order."""
    there = {sex for dataset in run.datasets for sex in dataset.samples["sex"]}
    return [sex for sex in ("female", "male", "mixed", "unknown") if sex in there]


def design_table(dataset: DatasetRun, sexes: Sequence[str]) -> list[dict[str, Any]]:
    """Count samples and cells by condition and sex."""
    rows = []
    for condition, group in dataset.samples.groupby("condition", sort=True):
        rows.append({
            "condition": str(condition),
            "samples": [int((group["sex"] == sex).sum()) for sex in sexes],
            "n_cells": int(group["n_cells"].sum()),
        })  # fmt: skip
    return rows


def cell_section(dataset: DatasetRun) -> dict[str, Any]:
    """Prepare the figures about the cells of a dataset."""
    shifts = []
    key = ["contrast_type", "case", "reference", "stratum"]
    for levels, rows in dataset.composition.groupby(key, sort=False, observed=True):
        named = dict(zip(key, map(str, levels), strict=True))
        if named["contrast_type"] not in ("condition", "condition_in_sex"):
            continue
        sure = rows[rows["qvalue"] < FDR]
        every = shift_figure(rows)
        if every is not None:
            shifts.append({
                "name": wording.comparison(named),
                "main": named["contrast_type"] == "condition",
                "figure": every,
                "sure": shift_figure(sure),
                "n_sure": len(sure),
                "n_open": int(rows["effect"].notna().sum()) - len(sure),
            })  # fmt: skip
    return {
        "embedding": embedding_figure(dataset.embedding, dataset.obs["cell_type"]) if len(dataset.embedding) else None,
        "groups": group_figure(dataset.obs, dataset.samples),
        "samples": sample_figure(dataset.obs, dataset.samples),
        "shifts": shifts,
        "markers": marker_figure(dataset.evidence),
    }


def label_table(dataset: DatasetRun) -> list[dict[str, Any]]:
    """Say for each population how many cells bear its name, how surely, and what they might be instead."""
    rows = []
    for name, cells in dataset.obs.groupby("cell_type", sort=True):
        second = cells["second_best"].astype(str) if "second_best" in cells else pd.Series(dtype=str)
        second = second[(second != "") & (second != "nan")]
        rows.append({
            "name": wording.population(str(name)),
            "n_cells": len(cells),
            "n_samples": int(cells["sample_id"].nunique()),
            "confidence": float(cells["cell_type_confidence"].mean()),
            "second": wording.population(str(second.mode().iloc[0])) if len(second) else "–",
        })  # fmt: skip
    return sorted(rows, key=lambda row: -row["n_cells"])
