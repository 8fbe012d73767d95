"""How populations and places are called in figures and sentences.

Parts that several figures have: a legend, a colour bar, names beside points, bars of shares, cells with numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

__all__ = [
    "compartment",
    "draw_cells",
    "name_points",
    "place_colour_bar",
    "place_legend",
    "population",
    "short_name",
    "stack_bars",
]

_SPELLINGS = MappingProxyType({
    "drg": "DRG", "cdc1": "cDC1", "cdc2": "cDC2", "dc": "DC", "nk": "NK", "cd4": "CD4", "cd8": "CD8", "t": "T",
    "b": "B", "c": "C", "a": "A", "ltmr": "LTMR", "ilc2": "ILC2", "schwann": "Schwann", "remak": "Remak",
    "gamma": "γ", "delta": "δ",
})  # fmt: skip
_PLACES = MappingProxyType({
    "drg": "dorsal root ganglion", "spinal_cord": "spinal cord", "viscera": "internal organs",
    "not_stated": "place not stated", "systemic": "whole body",
})  # fmt: skip


def population(name: str) -> str:
    """Say the name of a population.

    Examples
    --------
    >>> population("drg_barrier_macrophage"), population("cd4_t_cell")
    ('DRG barrier macrophage', 'CD4 T cell')
    """
    return " ".join(_SPELLINGS.get(word, word) for word in name.split("_")).replace(" derived", "-derived")


_LONGEST = 48


def short_name(name: str) -> str:
    """Say the name of a population where room is short: the middle of a very long one is left out.

    Examples
    --------
    >>> short_name("cd4_t_cell"), len(short_name("x" * 200))
    ('CD4 T cell', 48)
    """
    said = population(name)
    half = _LONGEST // 2
    return said if len(said) <= _LONGEST else f"{said[:half]}…{said[1 - half :]}"


def compartment(name: str) -> str:
    """Say the name of a place on the pain axis.

    Examples
    --------
    >>> compartment("drg"), compartment("bone")
    ('dorsal root ganglion', 'bone')
    """
    return _PLACES.get(name, name.replace("_", " "))


def place_legend(ax: Axes, columns: int, title: str = "") -> None:
    """Put the legend under the whole figure, where it takes no room from the axes."""
    figure = ax.get_figure()
    if figure is not None:
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=columns, title=title or None)


def place_colour_bar(ax: Axes, coloured: ScalarMappable, label: str, shrink: float = 0.6) -> None:
    """Put the scale of the colours beside the axes."""
    figure = ax.get_figure()
    if figure is not None:
        figure.colorbar(coloured, ax=ax, label=label, shrink=shrink)


def name_points(ax: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str]) -> None:
    """Name points beside them, each name on a line of its own: moved down until it is clear of those before it."""
    low, high = ax.get_ylim()
    line = 0.032 * (high - low)
    taken: list[float] = []
    for a, b, name in sorted(zip(x, y, names, strict=True), key=lambda point: -point[1]):
        height = min([b, *(other - line for other in taken)])
        taken.append(height)
        ax.annotate(name, (a, b), xytext=(a, height), fontsize=5, va="center", ha="right" if a > 0 else "left",
                    arrowprops={"arrowstyle": "-", "linewidth": 0.3, "color": "0.6"})  # fmt: skip


def stack_bars(ax: Axes, shares: pd.DataFrame, looks: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw one bar a row, from the top; its parts are the columns, in the order of ``looks``.

    Parameters
    ----------
    ax
        Axes to draw on.
    shares
        Shares of the cells; the index names the bars.
    looks
        For each column its ``label``, ``color`` and whatever else a bar takes.
    """
    places = np.arange(len(shares))
    done = np.zeros(len(shares))
    for name, look in looks.items():
        width = shares[name].to_numpy(dtype=float)
        ax.barh(places, width, left=done, edgecolor="white", linewidth=0.3, **look)
        done += width
    ax.set_yticks(places, shares.index.tolist())
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xlabel="share of the cells")


def draw_cells(
    ax: Axes, values: NDArray[np.float64], said: NDArray[np.str_], *, cmap: str, low: float, high: float, label: str
) -> None:
    """Draw a table as coloured cells, each with what is said of it, and the scale of the colours beside it.

    Parameters
    ----------
    ax
        Axes to draw on.
    values, said
        Rows × columns: the number that gives a cell its colour, and the text on it.
    cmap, low, high
        Colours, and the values at their ends; cells near an end that is dark have white text.
    label
        What the colours stand for.
    """
    image = ax.imshow(values, cmap=cmap, vmin=low, vmax=high, aspect="auto")
    for row, column in np.argwhere(said != "").tolist():
        ink = "white" if abs(values[row, column]) > 0.6 * high else "black"
        ax.text(column, row, str(said[row, column]), ha="center", va="center", fontsize=5, color=ink)
    place_colour_bar(ax, image, label)
