"""The map of the pain axis: places from the skin to the brain, and in each who sends which mediator to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from dolor.core.errors import DataError
from dolor.pl.pain_axis_traffic import ALWAYS_SHOWN, AXIS, Traffic, columns_of, crossing, pain_effects, traffic_of
from dolor.pl.parts import compartment, place_legend, short_name
from dolor.pl.select import require_change, require_columns
from dolor.pl.theme import PAIN_EFFECT, finished, new_axes, population_colour, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["pain_axis"]

_COLUMNS = (
    "dataset_id", "contrast_type", "case", "stratum", "sender", "receiver", "interaction_id", "effect", "qvalue",
)  # fmt: skip
_WIDE, _NARROW, _LONGEST = 10.0, 2.4, 15
_LINES = {"pro": "-", "anti": "--", "dual": "-.", "homeostatic": ":", "not_evaluated": ":"}
_SAID = {
    "pro": "promotes pain", "anti": "relieves pain", "dual": "acts both ways", "homeostatic": "keeps the balance",
    "not_evaluated": "effect not evaluated",
}  # fmt: skip


@finished
def pain_axis(
    contrasts: pd.DataFrame,
    compartments: Mapping[str, str],
    *,
    contrast_type: str = "condition",
    stratum: str = "",
    case: str | None = None,
    fdr: float = 0.05,
    top: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw which mediators change between whom, in each place of the pain axis.

    Signals between neurons and other cells are drawn; where a place has none of these, as in nerve, those of immune
    cells. The effect on pain is the review's, told by colour and by the kind of line.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`, of one data set or several.
    compartments
        For each ``dataset_id`` its place: ``skin joint viscera bone nerve drg spinal_cord brain``.
    contrast_type, stratum, case
        Which comparison; with ``case=None`` all conditions of this type are drawn together.
    fdr
        False discovery rate below which a signal counts as changed.
    top
        Most mediators, senders and receivers in a place, those that change most.
    ax
        Axes to draw on; by default a new figure that fits its places.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing, a data set has no place, or no signal changes.

    Examples
    --------
    >>> import dolor as dl
    >>> found = dl.pl.example_contrasts()
    >>> ax = dl.pl.pain_axis(found, {"simulated_drg": "drg"}, fdr=0.5, top=5)
    >>> "spinal cord" in [text.get_text() for text in ax.texts]
    True
    """
    require_columns(contrasts, _COLUMNS, "the map of the pain axis")
    unplaced = sorted(set(contrasts["dataset_id"].astype(str)) - set(compartments))
    if unplaced:
        raise DataError(
            f"the map of the pain axis needs a place for {', '.join(unplaced)}; give one of {', '.join(AXIS)}"
        )
    chosen = (contrasts["contrast_type"] == contrast_type) & (contrasts["stratum"] == stratum)
    chosen &= (contrasts["qvalue"] < fdr) & ((contrasts["case"] == case) if case is not None else True)
    hits = contrasts[chosen].astype({"dataset_id": str, "sender": str, "receiver": str, "interaction_id": str})
    require_change(hits, fdr, "the map of the pain axis")
    hits = _described(hits, compartments)
    places = {str(name): traffic_of(crossing(rows), top) for name, rows in hits.groupby("place")}
    shown = [name for name in AXIS if name in ALWAYS_SHOWN or name in places]
    shown += [name for name in places if name not in AXIS]
    columns = {name: columns_of(traffic, top) for name, traffic in places.items()}
    rows = max(len(side) for trio in columns.values() for side in trio)
    with theme():
        width = sum(_WIDE if name in places else _NARROW for name in shown)
        ax = ax or new_axes(8.5 * width, 30 + 5 * rows)
        x = 0.0
        for name in shown:
            x = _place(ax, name, x, rows, places.get(name), columns.get(name))
        ax.plot([_NARROW / 2, x - _NARROW / 2], [-2.2, -2.2], color="0.5", linewidth=1.5, zorder=1)
        ax.set(xlim=(-0.2, x + 0.2), ylim=(rows + 0.2, -3.6))
        ax.set_axis_off()
        for effect in dict.fromkeys(effect for trio in columns.values() for _, effect in trio[1]):
            ax.plot([], [], color=PAIN_EFFECT[effect], linestyle=_LINES[effect], linewidth=1.5, label=_SAID[effect])
        place_legend(ax, columns=5)
    return ax


def _described(hits: pd.DataFrame, compartments: Mapping[str, str]) -> pd.DataFrame:
    """Add the mediator of each signal, its effect on pain and its place; pairs of your own go by their ligand."""
    known = pain_effects().reindex(hits["interaction_id"])
    ligand = hits["interaction_id"].str.partition(":")[0].set_axis(known.index)
    return hits.assign(
        mediator=known["mediator"].fillna(ligand).to_numpy(),
        pain_effect=known["pain_effect"].fillna("not_evaluated").to_numpy(),
        place=hits["dataset_id"].map(dict(compartments)).to_numpy(),
    )


def _place(
    ax: Axes, name: str, x: float, rows: int, traffic: Traffic | None,
    columns: tuple[list[str], list[tuple[str, str]], list[str]] | None,
) -> float:  # fmt: skip
    """Draw one place from ``x`` on, and return where the next one starts."""
    width = _NARROW if traffic is None else _WIDE
    middle = x + width / 2
    ax.scatter(middle, -2.2, s=30, color="black" if traffic else "white", edgecolors="0.3", linewidths=0.8, zorder=3)
    ax.text(middle, -3.0, compartment(name), ha="center", fontweight="bold")
    ax.text(middle, -1.2, f"{traffic.signals} signals" if traffic else "no data", ha="center", fontsize=6, color="0.4")
    if traffic is None or columns is None:
        return x + width
    senders, mediators, receivers = columns
    sides = {"sender": _heights(senders, rows), "receiver": _heights(receivers, rows)}
    at = {name: (rows - len(mediators)) / 2 + number for number, name in enumerate(mediators)}
    out = {"sender": x + 2.9, "receiver": x + width - 2.9}
    for link in traffic.links.to_dict("records"):
        side, name, effect = str(link["side"]), str(link["population"]), str(link["pain_effect"])
        if name in sides[side]:
            start = (middle - 1.0 if side == "sender" else middle + 1.0, at[str(link["mediator"]), effect])
            _link(ax, start, (out[side], sides[side][name]), effect, 0.5 + min(float(link["size"]), 3.0) / 2)
    for (mediator, effect), y in at.items():
        _pill(ax, middle, y, mediator, effect)
    for side, step, turned in (("sender", -0.25, "right"), ("receiver", 0.25, "left")):
        for name, y in sides[side].items():
            ax.scatter(out[side], y, s=22, color=population_colour(name), edgecolors="white", linewidths=0.5, zorder=4)
            ax.text(out[side] + step, y, short_name(name), ha=turned, va="center", fontsize=5)
    return x + width


def _heights(names: list[str], rows: int) -> dict[str, float]:
    """Spread names around the middle of so many rows."""
    return {name: (rows - len(names)) / 2 + number for number, name in enumerate(names)}


def _pill(ax: Axes, middle: float, y: float, mediator: str, effect: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch(
        (middle - 1.0, y - 0.32), 2.0, 0.64, boxstyle="round,pad=0,rounding_size=0.3", facecolor="white",
        edgecolor=PAIN_EFFECT[effect], linestyle=_LINES[effect], linewidth=0.8, zorder=4,
    )  # fmt: skip
    ax.add_patch(shape)
    said = mediator if len(mediator) <= _LONGEST else f"{mediator[: _LONGEST - 1]}…"
    ax.text(middle, y, said, ha="center", va="center", fontsize=5, zorder=5)


def _link(ax: Axes, start: tuple[float, float], end: tuple[float, float], effect: str, width: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    bend = (start[0] + end[0]) / 2
    path = Path([start, (bend, start[1]), (bend, end[1]), end], [Path.MOVETO, *[Path.CURVE4] * 3])
    patch = PathPatch(
        path, fill=False, edgecolor=PAIN_EFFECT[effect], linestyle=_LINES[effect], linewidth=width, alpha=0.6
    )
    ax.add_patch(patch)
