"""Who talks to whom, as a network: populations as nodes, the signals that change as arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd

from dolor.pl.parts import place_legend, short_name
from dolor.pl.select import Comparison, one_comparison, require_change, traffic
from dolor.pl.theme import DIRECTION, finished, lineage_of, new_axes, population_colour, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["network"]

_WIDEST = 4.0
_KINDS = (("up", "most rise", "-"), ("down", "most fall", "--"), ("none", "as many rise as fall", ":"))


@finished
def network(
    contrasts: pd.DataFrame,
    *,
    fdr: float = 0.05,
    top: int = 30,
    ax: Axes | None = None,
    **comparison: Unpack[Comparison],
) -> Axes:
    """Draw the signals of one comparison that change, as arrows between populations.

    Populations stand on a circle, each lineage together; an arrow is as wide as the number of signals that change, and
    solid where most rise, dashed where most fall. A ring around a population stands for what it sends to itself.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`.
    fdr
        False discovery rate below which a signal counts as changed.
    top
        Number of arrows, those with the most signals first; the rest is counted in the title.
    ax
        Axes to draw on; by default a new figure of 120 × 115 mm.
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
    >>> ax = dl.pl.network(found, fdr=0.5, top=5)
    >>> len(ax.texts) >= 2
    True
    """
    rows = one_comparison(contrasts, "the network", **comparison)
    counts = traffic(rows, fdr)
    counts = counts[counts["changed"] > 0].sort_values("changed", ascending=False, kind="stable")
    require_change(counts, fdr, "the network")
    drawn = counts.head(top)
    names = sorted(set(drawn["sender"]) | set(drawn["receiver"]), key=lambda name: (lineage_of(name), name))
    with theme():
        ax = ax or new_axes(120, 115)
        place = _places(ax, names)
        for sender, receiver, rising, falling, changed in drawn.itertuples(index=False):
            kind = "up" if rising > falling else "down" if rising < falling else "none"
            width = 0.5 + (_WIDEST - 0.5) * changed / int(drawn["changed"].max())
            _arrow(ax, place[sender], place[receiver], kind, width)
        for kind, name, line in _KINDS:
            ax.plot([], [], color=DIRECTION[kind], linestyle=line, linewidth=1.5, label=name)
        left_out = int(counts["changed"].sum() - drawn["changed"].sum())
        rest = f", {left_out} more on arrows not drawn" if left_out else ""
        ax.set_title(f"{int(drawn['changed'].sum())} signals change{rest}")
        ax.set(xlim=(-1.8, 1.8), ylim=(-1.45, 1.45))
        ax.set_aspect("equal")
        ax.set_axis_off()
        place_legend(ax, columns=3)
    return ax


def _places(ax: Axes, names: list[str]) -> dict[str, tuple[float, float]]:
    """Set the populations on a circle and write their names outside it."""
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    place = {name: (float(np.cos(angle)), float(np.sin(angle))) for name, angle in zip(names, angles, strict=True)}
    for name, (x, y) in place.items():
        ax.scatter(x, y, s=70, color=population_colour(name), edgecolors="white", linewidths=0.8, zorder=3)
        side = "center" if abs(x) < 0.2 else "left" if x > 0 else "right"
        ax.text(1.12 * x, 1.14 * y, short_name(name), ha=side, va="center")
    return place


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], kind: str, width: float) -> None:
    from matplotlib.patches import Circle, FancyArrowPatch

    line = next(line for name, _, line in _KINDS if name == kind)
    if start == end:
        ring = Circle((start[0], start[1]), 0.1, fill=False, linewidth=width, linestyle=line, color=DIRECTION[kind])
        ax.add_patch(ring)
        return
    arrow = FancyArrowPatch(
        start, end, connectionstyle="arc3,rad=0.18", arrowstyle="-|>,head_length=4,head_width=2", shrinkA=6, shrinkB=6,
        linewidth=width, linestyle=line, color=DIRECTION[kind], alpha=0.75, zorder=2,
    )  # fmt: skip
    ax.add_patch(arrow)
