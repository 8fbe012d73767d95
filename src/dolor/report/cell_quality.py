"""How good the cells are: what was dropped, what leaked, who shares a droplet, how well samples are aligned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dolor.report import wording
from dolor.report.rows import rows_of
from dolor.report.run import DatasetRun, Run

__all__ = ["cell_quality", "contradictions_of"]

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
