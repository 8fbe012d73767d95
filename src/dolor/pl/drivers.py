"""Why a signal changes: more sender cells, or more transcript per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.errors import DataError
from dolor.pl.names import population
from dolor.pl.select import one_comparison
from dolor.pl.theme import new_axes, place_legend, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["drivers"]


def drivers(
    contrasts: pd.DataFrame,
    *,
    contrast_type: str = "condition",
    stratum: str = "",
    dataset_id: str | None = None,
    case: str | None = None,
    fdr: float = 0.05,
    top: int = 20,
    ax: Axes | None = None,
) -> Axes:
    """Draw, for each ligand of a sender among the signals that differ, the two parts of its change in supply.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.contracts.tables.CONTRASTS`; ``infiltration`` and ``per_cell`` are in log2 and add up.
    contrast_type, stratum, dataset_id, case
        Which comparison; ``None`` where there is only one.
    fdr
        False discovery rate below which a signal is drawn.
    top
        Number of (ligand, sender), the largest changes of supply first.
    ax
        Axes to draw on; by default a new figure that fits its bars.

    Returns
    -------
    The axes.

    Raises
    ------
    dolor.errors.DataError
        The choice fits no comparison or several, or no signal differs.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> profiles = dl.tl.profiles(cells, pairs)
    >>> found = dl.tl.contrast(profiles, pairs, reference={"condition": "naive"})
    >>> dl.pl.drivers(found, top=5).get_xlabel()
    "log2 change of the ligand's supply"
    """
    chosen = {"contrast_type": contrast_type, "stratum": stratum, "dataset_id": dataset_id, "case": case}
    rows = one_comparison(
        contrasts, "the driver bars", **{name: level for name, level in chosen.items() if level is not None}
    )
    hits = rows[(rows["qvalue"] < fdr) & rows["infiltration"].notna() & rows["per_cell"].notna()]
    if not len(hits):
        raise DataError(f"the driver bars have nothing to draw: no signal differs at a false discovery rate of {fdr:g}")
    supply = hits.drop_duplicates(["ligand", "sender"]).assign(
        total=lambda frame: frame["infiltration"] + frame["per_cell"]
    )
    shown = supply.iloc[np.argsort(-supply["total"].abs().to_numpy(dtype=float), kind="stable")[:top]]
    with theme():
        ax = ax or new_axes(110, 32 + 4.5 * len(shown))
        place = np.arange(len(shown))
        parts = (
            ("infiltration", "more sender cells (infiltration)", "#1f6f8b", ""),
            ("per_cell", "more per cell", "#b3762b", "///"),
        )
        for offset, (column, name, colour, hatch) in zip((-0.2, 0.2), parts, strict=True):
            ax.barh(
                place + offset,
                shown[column],
                height=0.36,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.3,
                label=name,
            )
        ax.scatter(shown["total"], place, marker="|", s=60, color="black", label="together", zorder=3)
        names = shown["ligand"].astype(str) + " of " + shown["sender"].astype(str).map(population)
        ax.set_yticks(place, names.tolist())
        ax.invert_yaxis()
        ax.axvline(0, color="black", linewidth=0.6)
        ax.set(xlabel="log2 change of the ligand's supply")
        place_legend(ax, columns=3)
    return ax
