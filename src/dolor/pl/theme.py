"""Colours of populations and directions: the same in every figure, and told apart without full colour sight.

Each lineage has a range of hues of its own; within it, populations differ in lightness too, so that neighbours stay
apart in grey. Colour never stands alone in a figure: shapes, signs or labels say the same.

The theme that all figures share, and axes of a size in millimetres.
"""

from __future__ import annotations

import colorsys
import functools
import inspect
import sys
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec

from dolor.core.errors import UsageError
from dolor.core.vocabulary import UNASSIGNED
from dolor.knowledge import populations

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Given = ParamSpec("_Given")

__all__ = [
    "DIRECTION",
    "PAIN_EFFECT",
    "SEX_MARKER",
    "finished",
    "ink_on",
    "lineage_of",
    "new_axes",
    "population_colour",
    "population_colours",
    "theme",
]

# Okabe and Ito's set, darkened where it would fail on white.
DIRECTION = MappingProxyType({"up": "#c4500c", "down": "#0a6ebd", "none": "#8a8f98"})
PAIN_EFFECT = MappingProxyType(
    {"pro": "#c4500c", "anti": "#0a6ebd", "dual": "#8e5aa8", "homeostatic": "#3f7f5f", "not_evaluated": "#7d828a"}
)
SEX_MARKER = MappingProxyType({"female": "o", "male": "s", "mixed": "D", "unknown": "X"})

# Start and end of the hue of each lineage, in degrees.
_HUES = MappingProxyType({"neuron": (200, 258), "glia": (130, 178), "stroma": (38, 64), "immune": (285, 382)})
_GREY = "#8a8f98"


def lineage_of(population: str) -> str:
    """Return the lineage of a population, or empty text for a label that is not in dolor's tree.

    Examples
    --------
    >>> lineage_of("activated_microglia"), lineage_of("c_ltmr"), lineage_of("cluster 7")
    ('immune', 'neuron', '')
    """
    return _lineages().get(population, "")


def population_colour(population: str) -> str:
    """Return the colour of a population: it rests on its name alone, so it is the same in every figure.

    Examples
    --------
    >>> population_colour("unassigned")
    '#8a8f98'
    """
    if population == UNASSIGNED:
        return _GREY
    known = _known_colours()
    number = zlib.crc32(population.encode())
    return known[population] if population in known else _hex(number % 360, number // 360)


def population_colours(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each population.

    Examples
    --------
    >>> sorted(population_colours(["macrophage", "unassigned"]))
    ['macrophage', 'unassigned']
    """
    return {name: population_colour(name) for name in names}


def ink_on(colour: str) -> str:
    """Return black or white, whichever reads better on a colour.

    Examples
    --------
    >>> ink_on("#ffffff"), ink_on("#1b1f24")
    ('#000000', '#ffffff')
    """
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


@lru_cache(maxsize=1)
def _lineages() -> dict[str, str]:
    tree = populations.tree()
    return {name: tree.level_of(name, "lineage") for name in tree.ids()}


@lru_cache(maxsize=1)
def _known_colours() -> dict[str, str]:
    """Spread the populations of each lineage over its hues, in the order of the tree."""
    of_lineage: dict[str, list[str]] = {}
    for name, lineage in _lineages().items():
        of_lineage.setdefault(lineage, []).append(name)
    colours = {}
    for lineage, names in of_lineage.items():
        start, end = _HUES.get(lineage, (0, 0))
        for place, name in enumerate(names):
            # Steps that visit the whole range soon, so that populations that stand together in the tree look apart.
            share = (place * 0.618034) % 1
            colours[name] = _hex(start + (end - start) * share, place) if end else _GREY
    return colours


def _hex(hue: float, number: int) -> str:
    lightness = 0.36 + 0.07 * (number % 4)
    saturation = 0.42 + 0.2 * (number // 4 % 2)
    red, green, blue = colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in (red, green, blue)))


_MM = 25.4
_SETTINGS: dict[Any, Any] = {
    "font.size": 7,
    "font.family": "sans-serif",
    "axes.titlesize": 8,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 6,
    "legend.frameon": False,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    # Text stays text, to be edited in a drawing program; ids in SVG do not change from run to run.
    "svg.fonttype": "none",
    "svg.hashsalt": "dolor",
    "pdf.fonttype": 42,
    # A label of the user with a dollar sign is a label, not a formula.
    "text.parse_math": False,
}


@contextmanager
def theme() -> Iterator[None]:
    """Draw in the theme of dolor, whatever the session has set; its settings come back afterwards.

    Returns
    -------
    A context manager; figures made and saved within it have the theme.

    Examples
    --------
    >>> import matplotlib
    >>> with theme():
    ...     matplotlib.rcParams["font.size"]
    7.0
    """
    import matplotlib as mpl

    with mpl.rc_context():
        # Packages change settings when they are imported, so a figure would depend on what was imported before it.
        # The defaults leave the backend as it is, and have DejaVu Sans, which comes with matplotlib, as first font.
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


# Of the width and height of a figure, the share that its axes have at least; how often it is enlarged for that.
_LEAST_ROOM, _MOST_STEPS = 0.15, 6
_FINISHING = """
    show
        Whether to show the figure; by default in a notebook, and not where ``ax`` is given.
    save
        File to write the figure to; its ending is its format (``.png``, ``.svg``, ``.pdf``)."""


def finished(draw: Callable[_Given, Axes]) -> Callable[..., Axes]:
    """Give a function that draws the options ``show`` and ``save``, as in scanpy; the axes are always returned."""

    @functools.wraps(draw)
    def figure(*args: Any, show: bool | None = None, save: Path | str | None = None, **options: Any) -> Axes:
        ax = draw(*args, **options)
        if options.get("ax") is None:
            _make_room(ax)
        if save is not None:
            _save(ax, Path(save))
        if show or (show is None and options.get("ax") is None and _in_notebook()):
            _show(ax)
        return ax

    drawn = inspect.signature(draw)
    types = {"show": "bool | None", "save": "Path | str | None"}
    own = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=said)
           for name, said in types.items()]  # fmt: skip
    given = list(drawn.parameters.values())
    place = len(given) - (given[-1].kind is inspect.Parameter.VAR_KEYWORD)
    figure.__signature__ = drawn.replace(parameters=[*given[:place], *own, *given[place:]])  # type: ignore[attr-defined]
    figure.__annotations__ = draw.__annotations__ | types
    head, returns, tail = (draw.__doc__ or "").partition("\n\n    Returns\n")
    figure.__doc__ = head + _FINISHING + returns + tail
    return figure


def _make_room(ax: Axes) -> None:
    """Enlarge a figure until its labels leave room for the axes."""
    whole = ax.get_figure(root=True)
    if whole is None:
        return
    for _ in range(_MOST_STEPS):
        with theme(), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            whole.draw_without_rendering()
        if not said and min(ax.get_position().size) > _LEAST_ROOM:
            return
        whole.set_size_inches(1.4 * whole.get_figwidth(), 1.4 * whole.get_figheight())


def _save(ax: Axes, path: Path) -> None:
    whole = ax.get_figure(root=True)
    if whole is None:
        raise UsageError("the axes belong to no figure any more, so nothing can be saved")
    formats = whole.canvas.get_supported_filetypes()
    if path.suffix.lower().lstrip(".") not in formats:
        raise UsageError(f"save='{path}': the file must end in one of .{', .'.join(sorted(formats))}")
    if not path.parent.is_dir():
        raise UsageError(f"save='{path}': the folder {path.parent} does not exist; make it first")
    with theme():
        whole.savefig(path)


def _in_notebook() -> bool:
    """Return whether the session is a notebook's: only there is a figure shown unasked."""
    package = sys.modules.get("IPython")
    session = package.get_ipython() if package is not None else None
    return hasattr(session, "kernel")


def _show(ax: Axes) -> None:
    """Show a figure: below the cell of a notebook, else in a window where the backend has one."""
    whole = ax.get_figure(root=True)
    if _in_notebook():
        with theme():
            sys.modules["IPython"].display.display(whole)
        return
    import matplotlib.pyplot as plt

    try:
        plt.figure(whole)
    except (TypeError, ValueError) as error:  # a matplotlib before 3.11 shows no figure that pyplot did not make
        raise UsageError("show=True needs a notebook or matplotlib 3.11 or later; use save= instead") from error
    plt.show()


def new_axes(width_mm: float, height_mm: float) -> Axes:
    """Make axes on a figure of their own, not known to pyplot, so that nothing piles up in memory.

    Parameters
    ----------
    width_mm, height_mm
        Size of the whole figure in millimetres.

    Returns
    -------
    The axes; the figure is ``axes.figure``.

    Examples
    --------
    >>> axes = new_axes(80, 60)
    >>> round(axes.figure.get_figwidth() * 25.4)
    80
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width_mm / _MM, height_mm / _MM), layout="constrained").add_subplot()
