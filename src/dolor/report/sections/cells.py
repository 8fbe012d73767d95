"""How good the cells are: what was dropped, what leaked, who shares a droplet, how well samples are aligned.

What the page shows of the cells of a dataset: who was sampled, who is there, how sure that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from dolor.report import wording
from dolor.report.data import DatasetRun, Run
from dolor.report.figures.composition import group_figure, sample_figure, shift_figure
from dolor.report.figures.embedding import embedding_figure
from dolor.report.figures.estimates import marker_figure
from dolor.report.findings import FDR
from dolor.report.wording import rows_of

__all__ = ["cell_quality", "cell_section", "contradictions_of", "design_table", "label_table", "sexes_of"]

_EMBEDDINGS = {"X_pca": "components, not aligned", "X_integrated": "aligned"}


def contradictions_of(run: Run) -> list[dict[str, str]]:
    """Collect the samples whose transcripts contradict the sex that was reported: labels may be swapped."""
    found = []
    for dataset in run.datasets:
        calls = dataset.sex[dataset.sex["barcode"] == ""].astype({"reported": str, "called": str})
        told = calls["reported"].isin(["female", "male"]) & calls["called"].isin(["female", "male", "mixed"])
        found += [
            {"dataset_id": dataset.dataset_id, **{name: str(row[name]) for name in ("sample_id", "reported", "called")}}
            for row in rows_of(calls[told & (calls["reported"] != calls["called"])])
        ]
    return found


def cell_quality(dataset: DatasetRun) -> dict[str, Any]:
    """Prepare the tables on the quality of a dataset's cells; what its run did not write is empty."""
    naming = dataset.naming
    return {
        "samples": _samples(dataset),
        "kinds": [_kind(row) for row in naming.get("kinds", ())],
        "partners": [
            {
                "group": wording.population(row["group"]),
                "partner": wording.population(row["partner"]),
                "pairing": "ate it" if row["pairing"] == "phagocytosis" else "second cell",
                "n_cells": int(row["n_cells"]),
                "share": _percent(row["share"]),
            }
            for row in sorted(naming.get("partners", ()), key=lambda row: -row["n_cells"])[:12]
        ],
        "integration": [_integration(row, str(naming.get("method", ""))) for row in naming.get("integration", ())],
        "clusters": [
            {
                "resolution": wording.number(row["resolution"]),
                "n_clusters": row["n_clusters"],
                "resampled": _number(row["ari_resampled"]),
                "reseeded": _number(row["ari_reseeded"]),
            }
            for row in naming.get("clusters", ())
        ],
    }


def _samples(dataset: DatasetRun) -> list[dict[str, Any]]:
    """Join what the stage of quality says of each library."""
    quality = dataset.quality
    leaks = _by_sample(quality.get("ambient", ()))
    doublets = _by_sample(quality.get("doublets", ()))
    sexes = _by_sample(quality.get("sex", ()))
    rows = []
    for sample, counts in sorted(quality.get("samples", {}).items()):
        reasons = [f"{number} {word.replace('_', ' ')}" for word, number in counts["dropped"].items() if number]
        sex = sexes.get(sample, {})
        rows.append({
            "sample": sample,
            "kind": {"cell": "cells", "nucleus": "nuclei"}.get(counts.get("suspension_type", ""), "–"),
            "before": counts["cells_before"],
            "after": counts["cells_after"],
            "reasons": ", ".join(reasons) or "–",
            "median_counts": _whole(counts.get("median_n_counts")),
            "doublets": _percent(doublets.get(sample, {}).get("rate")),
            "ambient": _percent(leaks.get(sample, {}).get("contamination")),
            "source": {"empty": "empty droplets", "mixture": "mixture of cells"}.get(
                leaks.get(sample, {}).get("source", ""), "–"
            ),
            "sex": f"{sex['called']} ({sex['verdict'].replace('_', ' ')})" if sex else "–",
        })  # fmt: skip
    return rows


def _by_sample(records: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(record["sample_id"]): record for record in records}


def _kind(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": wording.population(row["kind"]),
        "n_cells": int(row["n_cells"] or 0),
        "n_dropped": int(row.get("n_dropped") or 0),
        "median_counts": _whole(row.get("n_counts")),
        "median_genes": _whole(row.get("n_genes")),
        "mito": _percent(row.get("mito_fraction")),
        "ambient": _percent(row.get("ambient_share")),
        "doublets": _percent(row.get("doublet_share")),
    }


def _integration(row: Mapping[str, Any], method: str) -> dict[str, str]:
    name = _EMBEDDINGS.get(str(row["embedding"]), str(row["embedding"]))
    measures = ("batch_mixing", "batch_silhouette", "label_separation", "label_silhouette")
    return {"name": f"{name} by {method}" if name == "aligned" else name} | {key: _number(row[key]) for key in measures}


def _number(value: float | None) -> str:
    return "–" if value is None else wording.number(value)


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


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
