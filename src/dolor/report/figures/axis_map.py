"""The map of the pain axis: places from the skin to the brain, and in each who sends which mediator to whom."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from dolor.pl.pain_axis_traffic import ALWAYS_SHOWN, AXIS, Traffic, columns_of
from dolor.pl.theme import PAIN_EFFECT, population_colour
from dolor.report import wording
from dolor.report.figures.svg import figure, tag, text
from dolor.report.wording import rows_of

__all__ = ["MOST_DRAWN", "axis_map"]

MOST_DRAWN = 12
_NARROW, _WIDE, _TOP, _ROW = 84, 452, 96, 25
_PILL, _LONGEST_NAME, _LONGEST_MEDIATOR = 108, 17, 11
_DASH = {"anti": "7 4", "homeostatic": "2 3", "not_evaluated": "2 3", "dual": "9 3 2 3"}

Heights = Mapping[str, float]


def axis_map(
    places: Mapping[str, Traffic], statements: Mapping[str, int], pain_types: Mapping[str, str], title: str
) -> Markup:
    """Draw the map.

    Parameters
    ----------
    places
        Traffic of each place that has data.
    statements
        Number of statements of the review about each place.
    pain_types
        Of each mediator, the pain types that the review speaks of, ``;``-joined: what the filter of the page reads.
    title
        What the map shows.
    """
    shown = [place for place in AXIS if place in ALWAYS_SHOWN or place in places]
    shown += [place for place in places if place not in AXIS]
    columns = {place: columns_of(places[place], MOST_DRAWN) for place in places}
    rows = max((len(column) for trio in columns.values() for column in trio), default=0)
    height = _TOP + max(rows, 3) * _ROW + 14
    parts, x = [], 0.0
    for place in shown:
        width = _WIDE if place in places else _NARROW
        parts.append(_station(place, x, width, height, statements.get(place, 0), places.get(place)))
        if place in places:
            parts.append(_inside(places[place], columns[place], x + _WIDE / 2, rows, place, pain_types))
        x += width
    rail = tag("line", x1=_NARROW / 2, x2=x - _NARROW / 2, y1=34, y2=34, class_="rail")
    return figure(x, height, title, [rail, *parts], class_="axis-map")


def _station(place: str, x: float, width: float, height: float, statements: int, traffic: Traffic | None) -> Markup:
    middle = x + width / 2
    empty = "" if traffic else " empty"
    said = wording.count(statements, "statement")
    lines = ["no data", said]
    if traffic:
        lines = [f"{wording.count(traffic.signals, 'signal')} differ · the review makes {said} here"]
    return Markup("").join([
        tag("rect", x=x + 4, y=50, width=width - 8, height=height - 54, rx=8, class_=f"place{empty}"),
        tag("circle", cx=middle, cy=34, r=7, class_=f"station{empty}"),
        text(middle, 17, wording.compartment(place), anchor="middle", class_="place-name"),
        *[text(middle, 70 + 15 * number, line, anchor="middle", class_="tick") for number, line in enumerate(lines)],
    ])  # fmt: skip


def _inside(
    traffic: Traffic, columns: tuple[list[str], list[tuple[str, str]], list[str]], middle: float, rows: int, place: str,
    pain_types: Mapping[str, str],
) -> Markup:  # fmt: skip
    """Draw senders on the left, their mediators in the middle, receivers on the right."""
    mediators = {name: _height(number, len(columns[1]), rows) for number, name in enumerate(columns[1])}
    senders, receivers = (
        {name: _height(number, len(names), rows) for number, name in enumerate(names)}
        for names in (columns[0], columns[2])
    )
    sides = {"sender": senders, "receiver": receivers}
    parts = []
    for row in rows_of(traffic.links):
        at, y = sides[str(row["side"])], mediators[row["mediator"], row["pain_effect"]]
        if row["population"] in at:
            parts.append(_link(row, place, pain_types.get(row["mediator"], ""), middle, y, at))
    for row in rows_of(traffic.mediators):
        y = mediators[row["mediator"], row["pain_effect"]]
        parts.append(_pill(row, place, pain_types.get(row["mediator"], ""), middle, y))
    for sign, at in ((-1, senders), (1, receivers)):
        parts += [_population(name, middle + sign * 98, y, sign) for name, y in at.items()]
    return Markup("").join(parts)


def _height(number: int, of: int, rows: int) -> float:
    return _TOP + (rows - of) * _ROW / 2 + _ROW * (number + 0.5)


def _link(row: Mapping[str, object], place: str, pain: str, middle: float, y: float, at: Heights) -> Markup:
    """Draw half of a signal: from a sender to the mediator, or from the mediator to a receiver."""
    sign = -1 if row["side"] == "sender" else 1
    population, effect = str(row["population"]), str(row["pain_effect"])
    start, end = (middle + sign * (_PILL / 2), y), (middle + sign * 91, at[population])
    bend = (start[0] + end[0]) / 2
    path = f"M{start[0]:.0f} {start[1]:.1f}C{bend:.0f} {start[1]:.1f} {bend:.0f} {end[1]:.1f} {end[0]:.0f} {end[1]:.1f}"
    return tag(
        "path", d=path,
        class_="edge", stroke=PAIN_EFFECT[effect], stroke_width=min(1.0 + float(str(row["size"])), 4.5),
        stroke_dasharray=_DASH.get(effect), data_place=place, data_effect=effect, data_mediator=row["mediator"],
        data_pain=pain,
    )  # fmt: skip


def _pill(row: Mapping[str, object], place: str, pain: str, middle: float, y: float) -> Markup:
    """Draw a mediator: its frame says its effect on pain by colour and dashes, its arrow where the signals go."""
    mediator, effect, trend = str(row["mediator"]), str(row["pain_effect"]), float(str(row["trend"]))
    arrow, goes = ("▲", "rises") if trend > 0.5 else ("▼", "falls") if trend < -0.5 else ("◆", "rises and falls")
    said = f"{mediator}: {goes}, up to {2 ** float(str(row['size'])):.1f} times; {wording.pain_effect(effect)}"
    return tag(
        "g", tag("title", said),
        tag("rect", x=middle - _PILL / 2, y=y - 10, width=_PILL, height=20, rx=10, class_="pill",
            stroke=PAIN_EFFECT[effect], stroke_dasharray=_DASH.get(effect)),
        text(middle, y + 4, f"{_cut(mediator, _LONGEST_MEDIATOR)} {arrow}", anchor="middle", class_="pill-name"),
        class_="bundle", data_place=place, data_effect=effect, data_mediator=mediator, data_pain=pain, aria_label=said,
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
