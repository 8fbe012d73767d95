"""Volcano of one comparison, and the effect in females against the effect in males."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from dolor.pl.theme import DIRECTION
from dolor.report.figures.svg import Scale, axis_below, axis_left, dots, figure, tag, text
from dolor.report.wording import rows_of

__all__ = ["sex_scatter", "volcano"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 560, 400, 56, 350
_LABELLED = 8


def volcano(rows: pd.DataFrame, fdr: float) -> Markup | None:
    """Draw effect against evidence; signals below the false discovery rate are larger, coloured and the best named.

    Parameters
    ----------
    rows
        Rows of one comparison: ``effect`` (log2), ``pvalue``, ``qvalue``, ``mediator``, ``name``.
    fdr
        False discovery rate below which a signal counts as found.
    """
    tested = rows[rows["pvalue"].notna() & rows["effect"].notna()]
    if not len(tested):
        return None
    height = -np.log10(tested["pvalue"].clip(lower=1e-300))
    reach = float(tested["effect"].abs().max()) or 1.0
    x, y = Scale(-reach, reach, _LEFT, _WIDTH - 14), Scale(0, max(float(height.max()), 2.0), _BOTTOM, 14)
    hit = tested["qvalue"] < fdr
    parts = [
        axis_below(x, _BOTTOM, "log2 change of the score", 14),
        axis_left(y, _LEFT, "evidence: −log10 p", _WIDTH - 14),
    ]
    parts.append(tag("line", x1=x(0), x2=x(0), y1=14, y2=_BOTTOM, class_="zero"))
    groups = (
        (~hit, "none", 1.3),
        (hit & (tested["effect"] > 0), "up", 2.6),
        (hit & (tested["effect"] < 0), "down", 2.6),
    )
    for mask, direction, radius in groups:
        places = x.places(tested.loc[mask, "effect"]), y.places(height[mask])
        parts.append(dots(*places, radius, DIRECTION[direction], step=1 if direction == "none" else 0.5))
    best = tested[hit].assign(height=height[hit]).sort_values("height", ascending=False).drop_duplicates("mediator")
    parts += _labels([(x(row["effect"]), y(row["height"]), row["name"]) for row in rows_of(best.head(_LABELLED))])
    label = f"Volcano: {int(hit.sum()):,} of {len(tested):,} signals differ at a false discovery rate of {fdr:.0%}"
    return figure(
        _WIDTH,
        _HEIGHT,
        label,
        parts,
        class_="volcano",
        data_frame=_frame(x, y),
    )


def sex_scatter(rows: pd.DataFrame, fdr: float) -> Markup | None:
    """Draw the change in females against the change in males; off the diagonal, the sexes respond differently.

    Parameters
    ----------
    rows
        One row a signal: ``female``, ``male`` (log2 changes), ``qvalue`` of the interaction, ``mediator``, ``name``.
    fdr
        False discovery rate of the interaction below which a signal is marked as a diamond and named.
    """
    both = rows[rows["female"].notna() & rows["male"].notna()]
    if not len(both):
        return None
    reach = float(both[["female", "male"]].abs().to_numpy().max()) or 1.0
    x, y = Scale(-reach, reach, _LEFT, _LEFT + 336), Scale(-reach, reach, _BOTTOM, 14)
    differs = both["qvalue"] < fdr
    parts = [
        axis_below(x, _BOTTOM, "log2 change in males ♂", 14),
        axis_left(y, _LEFT, "log2 change in females ♀", _LEFT + 336),
    ]
    parts.append(tag("line", x1=x(-reach), y1=y(-reach), x2=x(reach), y2=y(reach), class_="zero"))
    alike = both[~differs]
    parts.append(dots(x.places(alike["male"]), y.places(alike["female"]), 1.4, DIRECTION["none"], step=1))
    found = both[differs].sort_values("qvalue")
    for row in rows_of(found):
        cx, cy = x(row["male"]), y(row["female"])
        parts.append(tag("path", d=f"M{cx - 5:.1f} {cy:.1f}l5 -5l5 5l-5 5z", fill="#8e5aa8"))
    parts += _labels(
        [
            (x(row["male"]), y(row["female"]), row["name"])
            for row in rows_of(found.drop_duplicates("mediator").head(_LABELLED))
        ]
    )
    label = f"Change in females against change in males; {int(differs.sum()):,} signals change differently"
    return figure(_WIDTH, _HEIGHT, label, parts, data_frame=_frame(x, y))


def _frame(x: Scale, y: Scale) -> str:
    """Tell scripts where values lie: low, high, start and end of both scales."""
    return " ".join(f"{edge:g}" for edge in (x.low, x.high, x.start, x.end, y.low, y.high, y.start, y.end))


def _labels(places: list[tuple[float, float, str]]) -> list[Markup]:
    """Name points, each name beside its point on the side with more room; a name without room is left out."""
    parts: list[Markup] = []
    taken: list[tuple[float, float, float]] = []
    for x, y, name in places:
        width = 5.6 * len(name)
        left = x + width + 10 > _WIDTH
        start = x - 7 - width if left else x + 7
        for height in (y + 4, y - 8, y + 16, y - 20, y + 28):
            if start > 0 and all(abs(height - b) > 11 or start > a + w or a > start + width for a, b, w in taken):
                taken.append((start, height, width))
                parts.append(
                    text(x - 7 if left else x + 7, height, name, anchor="end" if left else "start", class_="halo")
                )
                break
    return parts
