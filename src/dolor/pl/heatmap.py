"""Who talks to whom: a number for each sender and receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack

import numpy as np
import pandas as pd

from dolor.pl.parts import draw_cells, short_name
from dolor.pl.select import Comparison, one_comparison, traffic
from dolor.pl.theme import finished, new_axes, population_colour, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["heatmap"]


@finished
def heatmap(
    contrasts: pd.DataFrame,
    *,
    value: Literal["changed", "effect"] = "changed",
    fdr: float = 0.05,
    ax: Axes | None = None,
    **comparison: Unpack[Comparison],
) -> Axes:
    """Draw senders × receivers for one comparison.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`.
    value
        ``changed``: signals that rise less those that fall, below the false discovery rate; the number stands in each
        cell. ``effect``: mean log2 change of all signals estimated.
    fdr
        False discovery rate below which a signal counts as changed.
    ax
        Axes to draw on; by default a new figure that fits its rows and columns.
    **comparison
        Which comparison to draw, such as ``contrast_type="condition_in_sex", stratum="female"``: see
        :class:`~dolor.pl.select.Comparison`. By default, the change with condition in all animals.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        The choice fits no comparison or several.

    Examples
    --------
    >>> import dolor as dl
    >>> found = dl.pl.example_contrasts()
    >>> ax = dl.pl.heatmap(found, contrast_type="condition_in_sex", stratum="female", value="effect")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('receiver', 'sender')
    """
    rows = one_comparison(contrasts, "the heatmap", **comparison)
    rows = rows.assign(sender=rows["sender"].astype(str), receiver=rows["receiver"].astype(str))
    if value == "changed":
        counts = traffic(rows, fdr)
        counts["balance"] = (counts["rising"] - counts["falling"]).astype(float)
        table = counts.pivot_table(index="sender", columns="receiver", values="balance")
        label = "rising − falling"
    else:
        label = "mean log2 change"
        table = rows.pivot_table(index="sender", columns="receiver", values="effect", aggfunc="mean")
    cells = table.to_numpy(dtype=float)
    reach = float(np.nanmax(np.abs(cells), initial=0.0)) or 1.0
    said = np.array(
        [[f"{number:+.0f}" if abs(number) > 0 and value == "changed" else "" for number in row] for row in cells]
    )
    with theme():
        ax = ax or new_axes(48 + 5.5 * len(table.columns), 38 + 4.5 * len(table))
        draw_cells(ax, cells, said, cmap="RdBu_r", low=-reach, high=reach, label=label)
        ax.set_xticks(
            range(len(table.columns)), [short_name(str(name)) for name in table.columns], rotation=45, ha="right"
        )
        ax.set_yticks(range(len(table)), [short_name(str(name)) for name in table.index])
        for name, tick in zip(
            (*table.columns, *table.index), (*ax.get_xticklabels(), *ax.get_yticklabels()), strict=True
        ):
            tick.set_color(population_colour(str(name)))
        ax.set(xlabel="receiver", ylabel="sender")
    return ax
