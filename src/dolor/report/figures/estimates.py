"""One signal across datasets: the change in each, and what they say together.

Why the cells bear their names: how each population expresses the markers expected of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from dolor.report import wording
from dolor.report.figures.svg import Scale, axis_below, figure, tag, text
from dolor.report.wording import rows_of

__all__ = ["forest_figure", "marker_figure"]

_WIDTH, _FOREST_LEFT, _FOREST_ROW = 460, 150, 22


def forest_figure(
    row: Mapping[str, Any], datasets: Sequence[str], effects: NDArray[Any], errors: NDArray[Any]
) -> Markup:
    """Draw a forest plot.

    Parameters
    ----------
    row
        The combined effect: ``effect ci_low ci_high prediction_low prediction_high``, in log2.
    datasets, effects, errors
        Name, log2 change and standard error of each dataset.
    """
    low, high = effects - 1.96 * errors, effects + 1.96 * errors
    known = [float(row[name]) for name in ("effect", "ci_low", "ci_high")]
    # A prediction from few datasets may be very wide: it may leave the figure, the estimates may not.
    scale = Scale.around([*low, *high, *known], _FOREST_LEFT, _WIDTH - 12, least=1, zero=True)
    bottom = 12 + _FOREST_ROW * (len(datasets) + 1)
    precision = 1 / errors.clip(min=1e-12) ** 2
    parts = [
        axis_below(scale, bottom, "log2 change", 4),
        tag("line", x1=scale(0), x2=scale(0), y1=4, y2=bottom, class_="zero"),
    ]
    for place, name in enumerate(datasets):
        x, y = scale(float(effects[place])), 14 + _FOREST_ROW * place
        size = 5 + 6 * math.sqrt(float(precision[place] / precision.max()))
        parts += [
            text(_FOREST_LEFT - 10, y + 4, name, anchor="end", class_="tick"),
            tag("line", x1=scale(float(low[place])), x2=scale(float(high[place])), y1=y, y2=y, class_="whisker"),
            tag("rect", x=x - size / 2, y=y - size / 2, width=size, height=size, class_="mark"),
        ]
    parts += _together(row, scale, 14.0 + _FOREST_ROW * len(datasets))
    label = f"Forest plot of {len(datasets)} datasets and all together"
    return figure(_WIDTH, bottom + 36, label, parts, class_="forest")


def _together(row: Mapping[str, Any], scale: Scale, y: float) -> list[Markup]:
    effect, low, high, first, last = (
        float(row[name]) for name in ("effect", "ci_low", "ci_high", "prediction_low", "prediction_high")
    )
    a, b, c = scale(low), scale(effect), scale(high)
    parts = [text(_FOREST_LEFT - 10, y + 4, "together", anchor="end", class_="group")]
    if math.isfinite(first) and math.isfinite(last):
        ends = [min(max(scale(value), scale.start), scale.end) for value in (first, last)]
        parts.append(tag("line", x1=ends[0], x2=ends[1], y1=y, y2=y, class_="further"))
    parts.append(tag("path", d=f"M{a:.1f} {y:g}L{b:.1f} {y - 7:g}L{c:.1f} {y:g}L{b:.1f} {y + 7:g}z", class_="diamond"))
    return parts


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
