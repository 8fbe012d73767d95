"""The theme that all figures share, and axes of a size in millimetres."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["new_axes", "theme"]

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
