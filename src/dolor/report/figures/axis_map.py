"""The map of the pain axis: places from the skin to the brain, and in each who sends which mediator to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from dolor.pl.palette import PAIN_EFFECT, population_colour
from dolor.report import wording
from dolor.report.figures.svg import figure, tag, text
from dolor.report.rows import rows_of
from dolor.report.run import AXIS

__all__ = ["Traffic", "axis_map", "traffic_of"]

_ALWAYS = ("skin", "nerve", "drg", "spinal_cord", "brain")
_NARROW, _WIDE, _TOP, _ROW = 84, 446, 92, 25
_PILL = 108
_MOST_MEDIATORS, _MOST_POPULATIONS, _LONGEST_NAME = 12, 12, 18
_DASH = {"anti": "7 4", "homeostatic": "2 3", "not_evaluated": "2 3", "dual": "9 3 2 3"}


@dataclass(frozen=True)
class Traffic:
    """What travels within one place.

    Attributes
    ----------
    mediators
        One row a (mediator, effect on pain), the largest change first: ``mediator pain_effect size trend``.
    links
        One row a (mediator, effect on pain, side, population): ``size`` is the largest change among its signals.
    signals
        Number of signals, those included for which the drawing has no room.
    """

    mediators: pd.DataFrame
    links: pd.DataFrame
    signals: int


def traffic_of(rows: pd.DataFrame) -> Traffic:
    """Gather the signals of a place by mediator.

    Parameters
    ----------
    rows
        One row a signal: ``sender receiver mediator pain_effect`` and ``effect`` (log2 change).
    """
    key = ["mediator", "pain_effect"]
    sized = rows.assign(size=rows["effect"].abs(), sign=rows["effect"].map(lambda change: 1 if change > 0 else -1))
    mediators = sized.groupby(key, sort=True).agg(size=("size", "max"), trend=("sign", "mean")).reset_index()
    mediators = mediators.sort_values("size", ascending=False, kind="stable").head(_MOST_MEDIATORS)
    sides = [
        sized.groupby([*key, side], sort=True)["size"].max().reset_index(name="size")
        .rename(columns={side: "population"}).assign(side=side)
        for side in ("sender", "receiver")
    ]  # fmt: skip
    links = pd.concat(sides, ignore_index=True).merge(mediators[key], on=key)
    return Traffic(mediators.reset_index(drop=True), links, len(rows))


def axis_map(places: Mapping[str, Traffic], statements: Mapping[str, int], title: str) -> Markup:
    """Draw the map.

    Parameters
    ----------
    places
        Traffic of each place that has data.
    statements
        Number of statements of the review about each place.
    title
        What the map shows.
    """
    shown = [place for place in AXIS if place in _ALWAYS or place in places]
    shown += [place for place in places if place not in AXIS]
    columns = {place: _columns(places[place]) for place in places}
    rows = max((len(column) for trio in columns.values() for column in trio), default=0)
    height = _TOP + max(rows, 4) * _ROW + 16
    parts, x = [], 0.0
    for place in shown:
        width = _WIDE if place in places else _NARROW
        parts.append(_station(place, x, width, height, statements.get(place, 0), places.get(place)))
        if place in places:
            parts.append(_inside(places[place], columns[place], x, rows, place))
        x += width
    rail = tag("line", x1=_NARROW / 2, x2=x - _NARROW / 2, y1=32, y2=32, class_="rail")
    return figure(x, height, title, [rail, *parts], class_="axis-map")


def _station(place: str, x: float, width: float, height: float, statements: int, traffic: Traffic | None) -> Markup:
    middle = x + width / 2
    empty = "" if traffic else " empty"
    said = wording.count(statements, "statement", "statements")
    lines = [f"{wording.count(traffic.signals, 'signal')} differ; the review makes {said}"] if traffic else [
        "no data", said]  # fmt: skip
    return Markup("").join([
        tag("rect", x=x + 4, y=48, width=width - 8, height=height - 54, rx=8, class_=f"place{empty}"),
        tag("circle", cx=middle, cy=32, r=7, class_=f"station{empty}"),
        text(middle, 17, wording.compartment(place), anchor="middle", class_="place-name"),
        *[text(middle, 66 + 15 * number, line, anchor="middle", class_="tick") for number, line in enumerate(lines)],
    ])  # fmt: skip


def _columns(traffic: Traffic) -> tuple[list[str], list[str], list[str]]:
    """Order senders, mediators and receivers; a population stands at the mean height of its mediators."""
    mediators = [f"{row['mediator']}\t{row['pain_effect']}" for row in rows_of(traffic.mediators)]
    rank = {name: place for place, name in enumerate(mediators)}
    links = traffic.links.assign(
        rank=[rank[f"{row['mediator']}\t{row['pain_effect']}"] for row in rows_of(traffic.links)]
    )
    sides = []
    for side in ("sender", "receiver"):
        its = links[links["side"] == side].groupby("population").agg(size=("size", "max"), rank=("rank", "mean"))
        kept = its.sort_values("size", ascending=False, kind="stable").head(_MOST_POPULATIONS)
        sides.append([str(name) for name in kept.sort_values("rank", kind="stable").index])
    return sides[0], mediators, sides[1]


def _inside(
    traffic: Traffic, columns: tuple[list[str], list[str], list[str]], x: float, rows: int, place: str
) -> Markup:
    height = {
        side: {name: _TOP + (rows - len(names)) * _ROW / 2 + _ROW * (number + 0.5) for number, name in enumerate(names)}
        for side, names in zip(("sender", "mediator", "receiver"), columns, strict=True)
    }
    middle = x + _WIDE / 2
    parts = [
        _link(row, place, middle, height["mediator"][f"{row['mediator']}\t{row['pain_effect']}"], height[row["side"]])
        for row in rows_of(traffic.links)
        if row["population"] in height[row["side"]]
    ]
    parts += [_pill(row, place, middle, height["mediator"]) for row in rows_of(traffic.mediators)]
    for side, sign in (("sender", -1), ("receiver", 1)):
        parts += [_population(name, middle + sign * 84, y, sign) for name, y in height[side].items()]
    return Markup("").join(parts)


def _link(row: Mapping[str, object], place: str, middle: float, y: float, at: Mapping[str, float]) -> Markup:
    """Draw half of a signal: from a sender to the mediator, or from the mediator to a receiver."""
    sign = -1 if row["side"] == "sender" else 1
    population, effect = str(row["population"]), str(row["pain_effect"])
    start, end = (middle + sign * (_PILL / 2), y), (middle + sign * 77, at[population])
    bend = (start[0] + end[0]) / 2
    path = f"M{start[0]:.0f} {start[1]:.1f}C{bend:.0f} {start[1]:.1f} {bend:.0f} {end[1]:.1f} {end[0]:.0f} {end[1]:.1f}"
    return tag(
        "path", d=path,
        class_="edge", stroke=PAIN_EFFECT[effect], stroke_width=min(1.0 + float(str(row["size"])), 4.5),
        stroke_dasharray=_DASH.get(effect), data_place=place, data_effect=effect, data_mediator=row["mediator"],
        **{f"data_{row['side']}": population},
    )  # fmt: skip


def _pill(row: Mapping[str, object], place: str, middle: float, at: Mapping[str, float]) -> Markup:
    """Draw a mediator: its frame says its effect on pain by colour and dashes, its arrow where the signals go."""
    mediator, effect, trend = str(row["mediator"]), str(row["pain_effect"]), float(str(row["trend"]))
    y = at[f"{mediator}\t{effect}"]
    arrow, goes = ("▲", "rises") if trend > 0.5 else ("▼", "falls") if trend < -0.5 else ("◆", "rises and falls")
    said = f"{mediator}: {goes}, up to {2 ** float(str(row['size'])):.1f} times; {wording.pain_effect(effect)}"
    return tag(
        "g", tag("title", said),
        tag("rect", x=middle - _PILL / 2, y=y - 10, width=_PILL, height=20, rx=10, class_="pill",
            stroke=PAIN_EFFECT[effect], stroke_dasharray=_DASH.get(effect)),
        text(middle, y + 4, f"{_cut(mediator, 12)} {arrow}", anchor="middle", class_="pill-name"),
        class_="bundle", data_place=place, data_effect=effect, data_mediator=mediator, aria_label=said,
    )  # fmt: skip


def _population(name: str, x: float, y: float, sign: int) -> Markup:
    said = wording.population(name)
    return Markup("").join([
        tag("circle", tag("title", said), cx=x, cy=y, r=7, fill=population_colour(name), class_="node"),
        text(x + sign * 11, y + 4, _cut(said, _LONGEST_NAME), anchor="start" if sign > 0 else "end",
             class_="node-name"),
    ])  # fmt: skip


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
