"""Contradictions of sex stand first, and what the run says of its cells is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from dolor.report import build, summary
from dolor.report.data import read_run
from dolor.report.sections.cells import cell_quality, contradictions_of

NAMING = {
    "method": "harmony",
    "kinds": [
        {"kind": "macrophage", "n_cells": 90, "n_counts": 1234.0, "n_genes": 600.0, "mito_fraction": 0.03,
         "ambient_share": 0.051, "doublet_share": None, "n_dropped": 7},
    ],
    "partners": [
        {"group": "macrophage", "partner": "schwann_cell", "pairing": "phagocytosis", "n_cells": 4, "share": 0.07}
    ],
    "integration": [
        {"embedding": name, "batch_mixing": 0.5, "batch_silhouette": 0.9, "label_separation": None,
         "label_silhouette": 0.7, "n_cells": 480} for name in ("X_pca", "X_integrated")
    ],
    "clusters": [
        {"resolution": 2.0, "n_clusters": 9, "ari_resampled": 0.87, "ari_reseeded": 0.95, "n_cells": 480}
    ],
}  # fmt: skip


def _with_naming(results: Path) -> Path:
    (results / "toy_drg" / "annotation_quality.json").write_text(json.dumps(NAMING), encoding="utf-8")
    return results


def test_contradicted_labels_stand_before_the_findings(make_run: Callable[..., Path]) -> None:
    results = make_run()
    wrong = contradictions_of(read_run(results))
    assert {(row["reported"], row["called"]) for row in wrong} >= {("male", "female")}
    page = build(results, results / "report.html").read_text(encoding="utf-8")
    assert page.index('id="sex-contradictions"') < page.index('id="found"')
    assert wrong[0]["sample_id"] in summary(results)[0]


def test_quality_of_cells_is_shown(make_run: Callable[..., Path]) -> None:
    results = _with_naming(make_run())
    shown = cell_quality(read_run(results).datasets[0])
    assert shown["kinds"][0] | {"n_dropped": 7, "ambient": "5.1%", "doublets": "–"} == shown["kinds"][0]
    assert [row["name"] for row in shown["integration"]] == ["components, not aligned", "aligned by harmony"]
    assert shown["partners"][0]["pairing"] == "ate it"
    page = build(results, results / "report.html").read_text(encoding="utf-8")
    for text in ("aligned by harmony", "0.87", "ate it", "15 few genes, 5 high mito"):
        assert text in page


def test_hostile_names_stay_text(make_run: Callable[..., Path]) -> None:
    results = _with_naming(make_run(hostile=True))
    page = build(results, results / "report.html").read_text(encoding="utf-8")
    start, end = page.index('id="sex-contradictions"'), page.index('id="found"')
    assert "<script" not in page[start:end]
    assert "<img" not in page[start:end]
