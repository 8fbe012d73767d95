"""One signal across datasets: the change in each, and what they say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from numpy.typing import NDArray

from dolor.report.figures.svg import Scale, axis_below, figure, tag, text

__all__ = ["forest_figure"]

_WIDTH, _LEFT, _ROW = 460, 150, 22


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
    scale = Scale.around([*low, *high, *known], _LEFT, _WIDTH - 12, least=1, zero=True)
    bottom = 12 + _ROW * (len(datasets) + 1)
    precision = 1 / errors.clip(min=1e-12) ** 2
    parts = [
        axis_below(scale, bottom, "log2 change", 4),
        tag("line", x1=scale(0), x2=scale(0), y1=4, y2=bottom, class_="zero"),
    ]
    for place, name in enumerate(datasets):
        x, y = scale(float(effects[place])), 14 + _ROW * place
        size = 5 + 6 * math.sqrt(float(precision[place] / precision.max()))
        parts += [
            text(_LEFT - 10, y + 4, name, anchor="end", class_="tick"),
            tag("line", x1=scale(float(low[place])), x2=scale(float(high[place])), y1=y, y2=y, class_="whisker"),
            tag("rect", x=x - size / 2, y=y - size / 2, width=size, height=size, class_="mark"),
        ]
    parts += _together(row, scale, 14.0 + _ROW * len(datasets))
    label = f"Forest plot of {len(datasets)} datasets and all together"
    return figure(_WIDTH, bottom + 36, label, parts, class_="forest")


def _together(row: Mapping[str, Any], scale: Scale, y: float) -> list[Markup]:
    effect, low, high, first, last = (
        float(row[name]) for name in ("effect", "ci_low", "ci_high", "prediction_low", "prediction_high")
    )
    a, b, c = scale(low), scale(effect), scale(high)
    parts = [text(_LEFT - 10, y + 4, "together", anchor="end", class_="group")]
    if math.isfinite(first) and math.isfinite(last):
        ends = [min(max(scale(value), scale.start), scale.end) for value in (first, last)]
        parts.append(tag("line", x1=ends[0], x2=ends[1], y1=y, y2=y, class_="further"))
    parts.append(tag("path", d=f"M{a:.1f} {y:g}L{b:.1f} {y - 7:g}L{c:.1f} {y:g}L{b:.1f} {y + 7:g}z", class_="diamond"))
    return parts
