"""Effect against evidence, for all signals of one comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.pl.parts import name_points
from dolor.pl.select import Comparison, label_of, one_comparison
from dolor.pl.theme import DIRECTION, finished, new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["volcano"]


@finished
def volcano(
    contrasts: pd.DataFrame,
    *,
    fdr: float = 0.05,
    labels: int = 8,
    ax: Axes | None = None,
    **comparison: Unpack[Comparison],
) -> Axes:
    """Draw the volcano of one comparison.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`.
    fdr
        False discovery rate below which a signal is drawn as a triangle, up or down.
    labels
        How many of the clearest signals are named, one for each ligand and sender.
    ax
        Axes to draw on; by default a new figure of 85 × 70 mm.
    **comparison
        Which comparison to draw, such as ``contrast_type="condition_in_sex", stratum="female"``: see
        :class:`~dolor.pl.select.Comparison`. By default, the change with condition in all animals.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        The choice fits no comparison or several, or nothing was tested.

    Examples
    --------
    >>> import dolor as dl
    >>> found = dl.pl.example_contrasts()
    >>> dl.pl.volcano(found).get_xlabel()
    'log2 change, injured against naive'
    """
    rows = one_comparison(contrasts, "the volcano", **comparison)
    tested = rows[rows["pvalue"].notna()]
    if not len(tested):
        raise DataError("the volcano has nothing to draw: no signal of this comparison was tested")
    with theme():
        ax = ax or new_axes(85, 70)
        height = -np.log10(tested["pvalue"].clip(lower=1e-300).to_numpy(dtype=float))
        effect, hit = tested["effect"].to_numpy(dtype=float), (tested["qvalue"] < fdr).to_numpy(dtype=bool)
        groups = (("none", ~hit, ".", 4), ("up", hit & (effect > 0), "^", 12), ("down", hit & (effect < 0), "v", 12))
        for direction, mask, marker, size in groups:
            ax.scatter(effect[mask], height[mask], s=size, marker=marker, color=DIRECTION[direction], linewidths=0)
        ax.margins(x=0.25)
        best = tested.assign(height=height)[hit].sort_values("height", ascending=False, kind="stable")
        best = best.drop_duplicates(["ligand", "sender"]).head(labels)
        name_points(ax, best["effect"].tolist(), best["height"].tolist(), label_of(best).tolist())
        ax.axvline(0, color="0.6", linewidth=0.6, linestyle="--")
        first = rows.iloc[0]
        ax.set(xlabel=f"log2 change, {first['case']} against {first['reference']}", ylabel="−log10 p")
    return ax
