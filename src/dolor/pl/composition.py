"""Shares of the populations in each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dolor.pl.parts import place_legend, short_name, stack_bars
from dolor.pl.select import require_columns
from dolor.pl.theme import finished, new_axes, population_colour, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["composition"]

_COLUMNS = ("sample_id", "condition", "sex", "cell_type")
_SEX_SIGN = {"female": "♀", "male": "♂"}


@finished
def composition(obs: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw one bar a sample, its parts the shares of the populations, ordered by condition and sex.

    Parameters
    ----------
    obs
        One row a cell: ``sample_id``, ``condition``, ``sex``, ``cell_type``.
    ax
        Axes to draw on; by default a new figure that fits its bars.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing, or there is no cell.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> ax = dl.pl.composition(cells.obs)
    >>> ax.get_xlabel(), len(ax.get_yticks()) == cells.obs["sample_id"].nunique()
    ('share of the cells', True)
    """
    require_columns(obs, _COLUMNS, "the composition")
    samples = obs[["sample_id", "condition", "sex"]].astype(str).drop_duplicates("sample_id")
    samples = samples.sort_values(["condition", "sex", "sample_id"], ignore_index=True)
    shares = pd.crosstab(obs["sample_id"].astype(str), obs["cell_type"].astype(str), normalize="index")
    shares = shares.loc[samples["sample_id"], shares.mean().sort_values(ascending=False, kind="stable").index]
    sign = samples["sex"].map(lambda sex: _SEX_SIGN.get(sex, sex))
    names = samples["sample_id"] + ", " + samples["condition"] + " " + sign
    with theme():
        ax = ax or new_axes(180, 40 + 5 * len(samples))
        looks = {name: {"label": short_name(name), "color": population_colour(name)} for name in shares.columns}
        stack_bars(ax, shares.set_axis(names), looks)
        place_legend(ax, columns=4)
    return ax
