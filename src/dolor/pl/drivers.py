"""Why a signal changes: more sender cells, or more transcript per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd

from dolor.pl.parts import place_legend, short_name
from dolor.pl.select import Comparison, one_comparison, require_change
from dolor.pl.theme import finished, new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["drivers"]

# Column, its bar's distance from the middle of the row, and how it looks.
_PARTS = (
    ("infiltration", -0.2, "more sender cells (infiltration)", "#1f6f8b", ""),
    ("per_cell", 0.2, "more per cell", "#b3762b", "///"),
)


@finished
def drivers(
    contrasts: pd.DataFrame,
    *,
    fdr: float = 0.05,
    top: int = 20,
    ax: Axes | None = None,
    **comparison: Unpack[Comparison],
) -> Axes:
    """Draw, for each ligand of a sender among the signals that differ, the two parts of its change in supply.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`; ``infiltration`` and ``per_cell`` are in log2 and add up.
    fdr
        False discovery rate below which a signal is drawn.
    top
        Number of (ligand, sender), the largest changes of supply first.
    ax
        Axes to draw on; by default a new figure that fits its bars.
    **comparison
        Which comparison to draw, such as ``contrast_type="condition_in_sex", stratum="female"``: see
        :class:`~dolor.pl.select.Comparison`. By default, the change with condition in all animals.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        The choice fits no comparison or several, or no signal differs.

    Examples
    --------
    >>> import dolor as dl
    >>> found = dl.pl.example_contrasts()
    >>> dl.pl.drivers(found, top=5).get_xlabel()
    "log2 change of the ligand's supply"
    """
    rows = one_comparison(contrasts, "the chart of drivers", **comparison)
    hits = rows[(rows["qvalue"] < fdr) & rows["infiltration"].notna() & rows["per_cell"].notna()]
    require_change(hits, fdr, "the chart of drivers")
    supply = hits.drop_duplicates(["ligand", "sender"]).assign(
        total=lambda frame: frame["infiltration"] + frame["per_cell"]
    )
    shown = supply.iloc[np.argsort(-supply["total"].abs().to_numpy(dtype=float), kind="stable")[:top]]
    with theme():
        ax = ax or new_axes(110, 32 + 4.5 * len(shown))
        place = np.arange(len(shown))
        for column, offset, name, colour, hatch in _PARTS:
            ax.barh(
                place + offset, shown[column], height=0.36, color=colour, hatch=hatch, edgecolor="white", linewidth=0.3,
                label=name,
            )  # fmt: skip
        ax.scatter(shown["total"], place, marker="|", s=60, color="black", label="together", zorder=3)
        names = shown["ligand"].astype(str) + " of " + shown["sender"].astype(str).map(short_name)
        ax.set_yticks(place, names.tolist())
        ax.invert_yaxis()
        ax.axvline(0, color="black", linewidth=0.6)
        ax.set(xlabel="log2 change of the ligand's supply")
        place_legend(ax, columns=3)
    return ax
