"""Signals as dots: strength as colour, how often specific as size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dolor.pl.parts import place_colour_bar, place_legend, short_name
from dolor.pl.select import require_columns
from dolor.pl.theme import finished, new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["dotplot"]

_COLUMNS = ("sender", "receiver", "interaction_id", "score", "pvalue")
_LARGEST = 60.0


@finished
def dotplot(
    scores: pd.DataFrame, *, top: int = 20, pairs: int = 12, alpha: float = 0.05, ax: Axes | None = None
) -> Axes:
    """Draw the strongest interactions between the strongest pairs of populations.

    Parameters
    ----------
    scores
        Columns of :data:`dolor.core.tables.INTERACTIONS`; several samples are averaged.
    top
        Number of interactions (rows), those with the highest mean score.
    pairs
        Number of sender-receiver pairs (columns).
    alpha
        A dot is as large as the share of samples in which its specificity p-value is below this.
    ax
        Axes to draw on; by default a new figure that fits its rows and columns.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing, or the table is empty.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> profiles = dl.tl.profiles(cells, pairs)
    >>> ax = dl.pl.dotplot(dl.tl.score(profiles, pairs), top=5, pairs=4)
    >>> len(ax.get_yticks()), len(ax.get_xticks())
    (5, 4)
    """
    require_columns(scores, _COLUMNS, "the dot plot")
    frame = scores[list(_COLUMNS)].assign(
        pair=pd.Series(zip(*(scores[side].astype(str) for side in ("sender", "receiver")), strict=True), scores.index),
        interaction=scores["interaction_id"].astype(str),
        specific=scores["pvalue"] < alpha,
    )
    mean = frame.groupby(["interaction", "pair"], observed=True)[["score", "specific"]].mean().reset_index()
    rows = mean.groupby("interaction")["score"].max().sort_values(ascending=False, kind="stable").index[:top]
    columns = (
        mean[mean["interaction"].isin(rows)].groupby("pair")["score"].max().sort_values(ascending=False, kind="stable")
    ).index[:pairs]
    shown = mean[mean["interaction"].isin(rows) & mean["pair"].isin(columns)]
    with theme():
        ax = ax or new_axes(75 + 6 * len(columns), 62 + 4.5 * len(rows))
        dots = ax.scatter(
            [list(columns).index(name) for name in shown["pair"]],
            [list(rows).index(name) for name in shown["interaction"]],
            s=2 + (_LARGEST - 2) * shown["specific"].to_numpy(dtype=float),
            c=shown["score"], cmap="cividis", linewidths=0,
        )  # fmt: skip
        named = [" → ".join(map(short_name, pair)) for pair in columns]
        ax.set_xticks(range(len(columns)), named, rotation=45, ha="right")
        ax.set_yticks(range(len(rows)), list(rows))
        ax.invert_yaxis()
        ax.margins(0.05)
        place_colour_bar(ax, dots, "mean score")
        for share in (0.0, 0.5, 1.0):
            ax.scatter([], [], s=2 + (_LARGEST - 2) * share, color="0.4", label=f"{share:.0%}")
        place_legend(ax, columns=3, title=f"samples with p < {alpha:g}")
    return ax
