"""The change in females against the change in males."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dolor.errors import DataError
from dolor.pl.palette import DIRECTION
from dolor.pl.parts import name_points
from dolor.pl.select import label_of, one_comparison
from dolor.pl.theme import new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["sex_scatter"]

_KEY = ["sender", "receiver", "interaction_id"]


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
        Columns of :data:`dolor.contracts.tables.CONTRASTS`; rows ``condition_in_sex`` and ``interaction`` are read.
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
    dolor.errors.DataError
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
