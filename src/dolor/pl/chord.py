"""Who talks to whom, on a circle: the signals that change, as ribbons from sender to receiver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd

from dolor.pl.parts import short_name
from dolor.pl.select import Comparison, one_comparison, require_change, traffic
from dolor.pl.theme import finished, lineage_of, new_axes, population_colour, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import PathPatch

__all__ = ["chord"]

_GAP = np.radians(3.0)
_RIM, _INNER, _TIP = 1.0, 0.94, 0.86


@finished
def chord(
    contrasts: pd.DataFrame,
    *,
    fdr: float = 0.05,
    top: int = 12,
    ax: Axes | None = None,
    **comparison: Unpack[Comparison],
) -> Axes:
    """Draw the signals of one comparison that change, as ribbons between populations.

    A ribbon leaves the rim at its sender, whose colour it has, and ends in a point before its receiver; it is as wide
    as the number of signals that change.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`.
    fdr
        False discovery rate below which a signal counts as changed.
    top
        Number of populations, those with the most signals first; what the others send and receive is counted below.
    ax
        Axes to draw on; by default a new figure of 120 × 120 mm.
    **comparison
        Which comparison to draw, such as ``contrast_type="condition_in_sex", stratum="female"``: see
        :class:`~dolor.pl.select.Comparison`. By default, the change with condition in all animals.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        The choice fits no comparison or several, or no signal changes.

    Examples
    --------
    >>> import dolor as dl
    >>> found = dl.pl.example_contrasts()
    >>> ax = dl.pl.chord(found, fdr=0.5)
    >>> len(ax.patches) > 0
    True
    """
    rows = one_comparison(contrasts, "the chord diagram", **comparison)
    counts = traffic(rows, fdr)
    counts = counts[counts["changed"] > 0]
    require_change(counts, fdr, "the chord diagram")
    weight = pd.concat([counts.groupby(side)["changed"].sum() for side in ("sender", "receiver")])
    names = weight.groupby(level=0).sum().sort_values(ascending=False, kind="stable").index[:top].tolist()
    drawn = counts[counts["sender"].isin(names) & counts["receiver"].isin(names)]
    names = sorted(set(drawn["sender"]) | set(drawn["receiver"]), key=lambda name: (lineage_of(name), name))
    with theme():
        ax = ax or new_axes(120, 120)
        arcs = _arcs(names, drawn)
        for name, (start, end) in arcs.items():
            _rim(ax, name, start, end)
        for ribbon in _ribbons(drawn, arcs):
            ax.add_patch(ribbon)
        ax.set(xlim=(-1.75, 1.75), ylim=(-1.75, 1.75))
        ax.set_aspect("equal")
        ax.set_axis_off()
        left_out = int(counts["changed"].sum() - drawn["changed"].sum())
        rest = f"; {left_out} of other populations not drawn" if left_out else ""
        ax.set_title(f"{int(drawn['changed'].sum())} signals change{rest}")
    return ax


def _arcs(names: list[str], drawn: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Give each population its part of the circle, in angles, by what it sends and receives."""
    size = pd.concat([drawn.groupby(side)["changed"].sum() for side in ("sender", "receiver")]).groupby(level=0).sum()
    room = (2 * np.pi - len(names) * _GAP) / float(size.sum())
    arcs, angle = {}, np.pi / 2
    for name in names:
        arcs[name] = (angle, angle - float(size[name]) * room)
        angle = arcs[name][1] - _GAP
    return arcs


def _rim(ax: Axes, name: str, start: float, end: float) -> None:
    from matplotlib.patches import Wedge

    colour = population_colour(name)
    ax.add_patch(
        Wedge((0, 0), _RIM, np.degrees(end), np.degrees(start), width=_RIM - _INNER, color=colour, linewidth=0)
    )
    middle = (start + end) / 2
    x, y = np.cos(middle), np.sin(middle)
    turn = np.degrees(middle)
    flipped = x < 0
    ax.text(
        1.04 * x, 1.04 * y, short_name(name), rotation=turn + 180 if flipped else turn,
        rotation_mode="anchor", ha="right" if flipped else "left", va="center",
    )  # fmt: skip


def _ribbons(drawn: pd.DataFrame, arcs: dict[str, tuple[float, float]]) -> Iterator[PathPatch]:
    """Lay out each population's ribbons along its arc: first what it sends, then what it receives."""
    total = float(drawn["changed"].sum())
    room = sum(start - end for start, end in arcs.values()) / (2 * total)
    at = {name: start for name, (start, _) in arcs.items()}
    taken: dict[str, dict[int, tuple[float, float]]] = {"sender": {}, "receiver": {}}
    drawn = drawn.sort_values("changed", ascending=False, kind="stable", ignore_index=True)
    for side, its in taken.items():
        for place, (name, changed) in enumerate(zip(drawn[side].astype(str), drawn["changed"], strict=True)):
            its[place] = (at[name], at[name] - changed * room)
            at[name] = its[place][1]
    for place, sender in enumerate(drawn["sender"].astype(str)):
        yield _ribbon(taken["sender"][place], taken["receiver"][place], population_colour(sender))


def _ribbon(begin: tuple[float, float], end: tuple[float, float], colour: str) -> PathPatch:
    """Draw one ribbon: from an arc at the sender to a point at the receiver, bent through the middle."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    tip = (end[0] + end[1]) / 2
    shoulder = 0.94 * _TIP
    points = [
        *_on(_INNER, begin[0]), *_on(0.3, begin[0]), *_on(0.3, end[1]), *_on(shoulder, end[1]),
        *_on(_INNER - 0.02, tip),
        *_on(shoulder, end[0]), *_on(0.3, end[0]), *_on(0.3, begin[1]), *_on(_INNER, begin[1]),
        *_on(_INNER / np.cos((begin[0] - begin[1]) / 2), (begin[0] + begin[1]) / 2), *_on(_INNER, begin[0]),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, Path.LINETO, *[Path.CURVE4] * 3, *[Path.CURVE3] * 2]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=0.55, edgecolor="white", linewidth=0.3)


def _on(radius: float, angle: float) -> list[tuple[float, float]]:
    return [(float(radius * np.cos(angle)), float(radius * np.sin(angle)))]
