"""Sex as the transcripts tell it, beside the sex that was reported.

The change in females against the change in males.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from dolor.core.errors import DataError
from dolor.pl.parts import name_points, place_legend, stack_bars
from dolor.pl.select import label_of, one_comparison, require_columns
from dolor.pl.theme import DIRECTION, finished, new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sex_calls", "sex_scatter"]

_COLUMNS = ("sample_id", "barcode", "reported", "called")
_LOOKS = MappingProxyType({
    "female": {"label": "female", "color": "#8e5aa8"},
    "male": {"label": "male", "color": "#1f8a70", "hatch": "///"},
    "unknown": {"label": "cannot tell", "color": "#d5dae0"},
})  # fmt: skip


@finished
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
    dolor.core.errors.DataError
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


_KEY = ["sender", "receiver", "interaction_id"]


@finished
def sex_scatter(
    contrasts: pd.DataFrame,
    *,
    case: str | None = None,
    dataset_id: str | None = None,
    fdr: float = 0.05,
    labels: int = 8,
    ax: Axes | None = None,
) -> Axes:
    """Draw each signal at its change in males (x) and in females (y).

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`; rows ``condition_in_sex`` and ``interaction`` are read.
    case, dataset_id
        Which condition of which data set; ``None`` where there is only one.
    fdr
        False discovery rate of the interaction below which a signal is drawn as a diamond: the sexes change apart.
    labels
        How many of these are named.
    ax
        Axes to draw on; by default a new figure of 80 × 80 mm.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.core.errors.DataError
        One of the sexes has no such comparison.

    Examples
    --------
    >>> import dolor as dl
    >>> found = dl.pl.example_contrasts()
    >>> ax = dl.pl.sex_scatter(found)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('log2 change in males', 'log2 change in females')
    """
    by_sex = {
        sex: one_comparison(
            contrasts, "the sex scatter", contrast_type="condition_in_sex", stratum=sex, case=case,
            dataset_id=dataset_id,
        )
        for sex in ("female", "male")
    }  # fmt: skip
    effects = {sex: rows.set_index(_KEY)["effect"] for sex, rows in by_sex.items()}
    table = pd.DataFrame(effects).dropna()
    if not len(table):
        raise DataError("the sex scatter has nothing to draw: no signal was estimated in both sexes")
    table["apart"] = _differs(contrasts, by_sex["female"], fdr).reindex(table.index, fill_value=False)
    names = label_of(by_sex["female"]).set_axis(pd.MultiIndex.from_frame(by_sex["female"][_KEY])).reindex(table.index)
    with theme():
        ax = ax or new_axes(80, 80)
        apart = table["apart"].to_numpy(dtype=bool)
        ax.scatter(table["male"][~apart], table["female"][~apart], s=4, color=DIRECTION["none"], linewidths=0)
        ax.scatter(table["male"][apart], table["female"][apart], s=14, marker="D", color="#8e5aa8", linewidths=0)
        distance = (table["female"] - table["male"]).abs().where(table["apart"]).dropna()
        best = distance.sort_values(ascending=False, kind="stable").index[:labels]
        name_points(ax, table["male"][best].tolist(), table["female"][best].tolist(), names[best].tolist())
        ax.axline((0, 0), slope=1, color="0.6", linewidth=0.6, linestyle="--")
        ax.set(xlabel="log2 change in males", ylabel="log2 change in females")
        ax.set_aspect("equal", adjustable="datalim")
    return ax


def _differs(contrasts: pd.DataFrame, rows: pd.DataFrame, fdr: float) -> pd.Series:
    """Say of each signal whether its change differs between the sexes."""
    condition, dataset = str(rows["case"].iloc[0]), str(rows["dataset_id"].iloc[0])
    its = contrasts[
        (contrasts["contrast_type"].astype(str) == "interaction")
        & (contrasts["dataset_id"].astype(str) == dataset)
        & contrasts["case"].astype(str).str.startswith(f"{condition}:")
    ]
    return (its.set_index(_KEY)["qvalue"] < fdr).groupby(level=_KEY, observed=True).any()
