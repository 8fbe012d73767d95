"""Sex as the transcripts tell it, beside the sex that was reported."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from dolor.errors import DataError
from dolor.pl.parts import place_legend, stack_bars
from dolor.pl.select import require_columns
from dolor.pl.theme import new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sex_calls"]

_COLUMNS = ("sample_id", "barcode", "reported", "called")
_LOOKS = MappingProxyType({
    "female": {"label": "female", "color": "#8e5aa8"},
    "male": {"label": "male", "color": "#1f8a70", "hatch": "///"},
    "unknown": {"label": "cannot tell", "color": "#d5dae0"},
})  # fmt: skip


def sex_calls(sex: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw, for each sample, the shares of its cells called female and male, and whether that fits the report.

    Parameters
    ----------
    sex
        From :func:`dolor.pp.call_sex`: rows of samples (``barcode`` empty) and of cells.
    ax
        Axes to draw on; by default a new figure that fits its samples.

    Returns
    -------
    The axes; beside each bar the reported and the called sex stand, in bold where they contradict.

    Raises
    ------
    dolor.errors.DataError
        A column is missing, or the table has no row of a cell.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=100)
    >>> ax = dl.pl.sex_calls(dl.pp.call_sex(study.cells))
    >>> ax.get_xlabel()
    'share of the cells'
    """
    require_columns(sex, _COLUMNS, "the sex calls")
    words = sex[list(_COLUMNS)].astype(str)
    cells, samples = words[words["barcode"] != ""], words[words["barcode"] == ""]
    if not len(cells):
        raise DataError("the sex calls have nothing to draw: the table has no row of a cell")
    samples = samples.sort_values(["reported", "sample_id"], ignore_index=True)
    shares = pd.crosstab(cells["sample_id"], cells["called"], normalize="index").reindex(
        index=samples["sample_id"], columns=list(_LOOKS), fill_value=0
    )
    with theme():
        ax = ax or new_axes(110, 26 + 4.5 * len(samples))
        stack_bars(ax, shares, _LOOKS)
        for place, (_, _, reported, called) in enumerate(samples.itertuples(index=False)):
            wrong = called == "mixed" or {reported, called} == {"female", "male"}
            said = f"reported {reported}, called {called}"
            ax.text(1.02, place, said, va="center", fontsize=6, fontweight="bold" if wrong else "normal")
        place_legend(ax, columns=3)
    return ax
