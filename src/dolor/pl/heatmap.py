"""Who talks to whom: a number for each sender and receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from dolor.pl.names import population
from dolor.pl.palette import population_colour
from dolor.pl.select import one_comparison, traffic
from dolor.pl.theme import new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["heatmap"]


def heatmap(
    contrasts: pd.DataFrame,
    *,
    contrast_type: str = "condition",
    stratum: str = "",
    dataset_id: str | None = None,
    case: str | None = None,
    value: Literal["changed", "effect"] = "changed",
    fdr: float = 0.05,
    ax: Axes | None = None,
) -> Axes:
    """Draw senders × receivers for one comparison.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.contracts.tables.CONTRASTS`.
    contrast_type, stratum, dataset_id, case
        Which comparison; ``None`` where there is only one.
    value
        ``changed``: signals that rise less those that fall, below the false discovery rate; the number stands in each
        cell. ``effect``: mean log2 change of all signals estimated.
    fdr
        False discovery rate below which a signal counts as changed.
    ax
        Axes to draw on; by default a new figure that fits its rows and columns.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.errors.DataError
        The choice fits no comparison or several.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> profiles = dl.tl.profiles(cells, pairs)
    >>> found = dl.tl.contrast(profiles, pairs, reference={"condition": "naive"})
    >>> ax = dl.pl.heatmap(found, contrast_type="condition_in_sex", stratum="female", value="effect")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('receiver', 'sender')
    """
    chosen = {"contrast_type": contrast_type, "stratum": stratum, "dataset_id": dataset_id, "case": case}
    rows = one_comparison(
        contrasts, "the heatmap", **{name: level for name, level in chosen.items() if level is not None}
    )
    rows = rows.assign(sender=rows["sender"].astype(str), receiver=rows["receiver"].astype(str))
    if value == "changed":
        counts = traffic(rows, fdr)
        counts["balance"] = (counts["rising"] - counts["falling"]).astype(float)
        table = counts.pivot_table(index="sender", columns="receiver", values="balance")
    else:
        table = rows.pivot_table(index="sender", columns="receiver", values="effect", aggfunc="mean")
    cells = table.to_numpy(dtype=float)
    reach = float(np.nanmax(np.abs(cells), initial=0.0)) or 1.0
    with theme():
        ax = ax or new_axes(48 + 5.5 * len(table.columns), 38 + 4.5 * len(table))
        image = ax.imshow(cells, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
        ax.set_xticks(
            range(len(table.columns)), [population(str(name)) for name in table.columns], rotation=45, ha="right"
        )
        ax.set_yticks(range(len(table)), [population(str(name)) for name in table.index])
        for name, tick in zip(
            (*table.columns, *table.index), (*ax.get_xticklabels(), *ax.get_yticklabels()), strict=True
        ):
            tick.set_color(population_colour(str(name)))
        if value == "changed":
            for (row, column), number in np.ndenumerate(cells):
                if number:
                    ink = "white" if abs(number) > 0.6 * reach else "black"
                    ax.text(column, row, f"{number:+.0f}", ha="center", va="center", fontsize=5, color=ink)
        ax.set(xlabel="receiver", ylabel="sender")
        figure = ax.get_figure()
        if figure is not None:
            figure.colorbar(
                image, ax=ax, shrink=0.6, label="rising − falling" if value == "changed" else "mean log2 change"
            )
    return ax
