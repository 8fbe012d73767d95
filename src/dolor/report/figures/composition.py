"""Who is there: each sample as a bar of its populations, and how the shares shift with condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from dolor.pl.theme import DIRECTION, ink_on, population_colour
from dolor.report import wording
from dolor.report.figures.svg import Scale, axis_below, figure, tag, text
from dolor.report.wording import rows_of

__all__ = ["group_figure", "sample_figure", "shift_figure"]

_WIDTH, _BAR, _GAP, _LEFT = 720, 15, 4, 190
_SEX_SIGN = {"female": "♀", "male": "♂", "mixed": "♀♂", "unknown": "?"}


def sample_figure(obs: pd.DataFrame, samples: pd.DataFrame) -> Markup:
    """Draw one bar a sample, grouped by condition and sex, each part as long as the population's share.

    Parameters
    ----------
    obs
        ``sample_id`` and ``cell_type`` of each cell.
    samples
        One row a sample, with ``condition`` and ``sex``.
    """
    shares = _shares(obs)
    scale = Scale(0, 1, _LEFT, _WIDTH - 8)
    parts, y, group = [], 22.0, None
    for row in rows_of(samples.sort_values(["condition", "sex", "sample_id"])):
        if (row["condition"], row["sex"]) != group:
            group = (row["condition"], row["sex"])
            y += 12
            parts.append(text(4, y, _group_name(*group), class_="group"))
            y += 8
        parts.append(text(_LEFT - 6, y + _BAR - 3, row["sample_id"], anchor="end", class_="tick"))
        parts += _bar(shares.loc[row["sample_id"]], scale, y, _BAR)
        y += _BAR + _GAP
    label = "Share of each population in each sample, grouped by condition and sex"
    return figure(_WIDTH, y + 44, label, [axis_below(scale, y + 4, "share of the cells", 26), *parts])


def group_figure(obs: pd.DataFrame, samples: pd.DataFrame) -> Markup:
    """Draw one bar for each condition and sex: the mean over its samples, each sample counting the same.

    Parameters
    ----------
    obs, samples
        As for :func:`sample_figure`.
    """
    groups = samples.set_index("sample_id")[["condition", "sex"]]
    shares = _shares(obs).join(groups).groupby(["condition", "sex"], sort=True).mean()
    number = samples.groupby(["condition", "sex"], sort=True).size().reset_index(name="samples")
    scale = Scale(0, 1, _LEFT, _WIDTH - 8)
    parts = []
    for place, group in enumerate(rows_of(number)):
        y = 10.0 + 38 * place
        parts.append(text(4, y + 12, _group_name(group["condition"], group["sex"]), class_="group"))
        parts.append(text(4, y + 26, wording.count(group["samples"], "sample"), class_="tick"))
        parts += _bar(shares.iloc[place], scale, y, 2 * _BAR)
    bottom = 10.0 + 38 * len(shares)
    label = "Mean share of each population by condition and sex"
    return figure(_WIDTH, bottom + 38, label, [axis_below(scale, bottom, "share of the cells", 8), *parts])


def _shares(obs: pd.DataFrame) -> pd.DataFrame:
    shares = pd.crosstab(obs["sample_id"], obs["cell_type"], normalize="index")
    return shares[shares.mean().sort_values(ascending=False, kind="stable").index]


def _group_name(condition: str, sex: str) -> str:
    return f"{condition} · {sex} {_SEX_SIGN.get(sex, '')}"


def _bar(shares: pd.Series, scale: Scale, y: float, height: int) -> list[Markup]:
    parts, done = [], 0.0
    for name, share in shares.items():
        width = scale(done + share) - scale(done)
        if width > 0.3:
            hint = tag("title", f"{wording.population(str(name))}: {share:.1%}")
            parts.append(
                tag(
                    "rect",
                    hint,
                    x=scale(done),
                    y=y,
                    width=width,
                    height=height,
                    fill=population_colour(str(name)),
                    class_="part",
                )
            )
        if width > 6.2 * len(wording.population(str(name))) + 6:
            parts.append(
                text(
                    scale(done) + width / 2,
                    y + height / 2 + 3.5,
                    wording.population(str(name)),
                    anchor="middle",
                    class_="inbar",
                    fill=ink_on(population_colour(str(name))),
                )
            )
        done += share
    return parts


def shift_figure(composition: pd.DataFrame) -> Markup | None:
    """Draw the log2 change of each population's share with its 95 % interval, or nothing where none was estimated.

    Parameters
    ----------
    composition
        Rows of one comparison, columns of :data:`dolor.core.tables.COMPOSITION`.
    """
    rows = composition[composition["effect"].notna()].sort_values("effect", ascending=False)
    if not len(rows):
        return None
    half = (1.96 * rows["se"]).fillna(0.0)
    scale = Scale.around([*(rows["effect"] - half), *(rows["effect"] + half)], 220, _WIDTH - 120, least=1, zero=True)
    height = 20 * len(rows) + 20
    parts = [axis_below(scale, height, "log2 change of the share", 14)]
    parts.append(tag("line", x1=scale(0), x2=scale(0), y1=14, y2=height, class_="zero"))
    for place, (row, reach) in enumerate(zip(rows_of(rows), half, strict=True)):
        parts += _shift(row, float(reach), scale, 24.0 + 20 * place)
    return figure(_WIDTH, height + 40, "Change of each population's share of the cells, with 95 % interval", parts)


def _shift(row: Mapping[str, Any], reach: float, scale: Scale, y: float) -> list[Markup]:
    """Draw one population: a filled dot where the change is sure, an open one where it is not."""
    effect, qvalue, name = float(row["effect"]), float(row["qvalue"]), str(row["cell_type"])
    sure = qvalue < 0.05
    colour = DIRECTION["up" if effect > 0 else "down"] if sure else DIRECTION["none"]
    said = wording.probability("q", qvalue) if qvalue == qvalue else "not tested"
    return [
        text(212, y + 4, wording.population(name), anchor="end", class_="tick"),
        tag("line", x1=scale(effect - reach), x2=scale(effect + reach), y1=y, y2=y, stroke=colour, stroke_width=2),
        tag(
            "circle",
            cx=scale(effect),
            cy=y,
            r=4.5,
            fill=colour if sure else "var(--paper)",
            stroke=colour,
            stroke_width=2,
        ),
        text(_WIDTH - 112, y + 4, said, class_="tick"),
    ]
