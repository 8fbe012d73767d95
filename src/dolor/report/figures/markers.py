"""Why the cells bear their names: how each population expresses the markers expected of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from dolor.report import wording
from dolor.report.figures.svg import figure, tag, text
from dolor.report.rows import rows_of

__all__ = ["marker_figure"]

_LEFT, _STEP, _ROW, _MOST = 200, 58, 46, 10


def marker_figure(evidence: pd.DataFrame) -> Markup | None:
    """Draw a row of markers for each population: the dot's area is the share of cells that detect the gene.

    Parameters
    ----------
    evidence
        Columns ``cell_type gene expected mean_expression detection``; at most ten markers a population are drawn, those
        expected (+) and most detected first, then those expected absent (-).
    """
    if not len(evidence):
        return None
    ranked = evidence.sort_values(["expected", "detection"], ascending=[True, False])
    rows = {name: group.head(_MOST) for name, group in ranked.groupby("cell_type", sort=True)}
    most = max(len(group) for group in rows.values())
    strongest = float(evidence["mean_expression"].max()) or 1.0
    parts = []
    for place, (name, group) in enumerate(rows.items()):
        y = 22 + _ROW * place
        parts.append(text(_LEFT - 16, y + 4, wording.population(str(name)), anchor="end", class_="tick"))
        for column, marker in enumerate(rows_of(group)):
            parts += _marker(marker, _LEFT + 14 + _STEP * column, y, strongest)
    label = "Markers of each population: share of its cells that detect each gene"
    return figure(_LEFT + _STEP * most + 16, _ROW * len(rows) + 14, label, parts)


def _marker(marker: Mapping[str, Any], x: float, y: float, strongest: float) -> list[Markup]:
    gene, expected = str(marker["gene"]), str(marker["expected"])
    detection, mean = float(marker["detection"]), float(marker["mean_expression"])
    wanted = "present" if expected == "+" else "absent"
    hint = tag("title", f"{gene} (expected {wanted}): in {detection:.0%} of the cells, mean {mean:.2f}")
    return [
        tag("circle", cx=x, cy=y, r=12, class_="ring"),
        tag("circle", hint, cx=x, cy=y, r=12 * detection**0.5, fill="#c4500c" if expected == "-" else "#1f6f8b",
            fill_opacity=0.35 + 0.65 * mean / strongest),
        text(x, y + 24, ("not " if expected == "-" else "") + gene, anchor="middle", class_="gene"),
    ]  # fmt: skip
