"""Why cells bear their names: how each population expresses the markers expected of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dolor.pl.parts import place_colour_bar, place_legend, short_name
from dolor.pl.select import require_columns
from dolor.pl.theme import finished, new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["markers"]

_COLUMNS = ("cell_type", "gene", "expected", "mean_expression", "detection")
_LARGEST = 70.0


@finished
def markers(evidence: pd.DataFrame, *, top: int = 8, ax: Axes | None = None) -> Axes:
    """Draw the markers of each population: area for the share of its cells that detect a gene, colour for the mean.

    Parameters
    ----------
    evidence
        ``annotation_evidence`` of a run: one row a (``cell_type``, ``gene``) with ``expected`` (``+`` or ``-``),
        ``mean_expression`` (log-normalised) and ``detection`` (share of cells).
    top
        Most markers a population; expected ones first, the most detected first.
    ax
        Axes to draw on; by default a new figure that fits its rows.

    Returns
    -------
    The axes; genes that must be absent are written with ``not`` and have a red ring.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing, or the table is empty.

    Examples
    --------
    >>> import dolor as dl
    >>> row = {"cell_type": "nociceptor", "gene": "Scn10a", "expected": "+", "mean_expression": 2.0, "detection": 0.9}
    >>> ax = dl.pl.markers(pd.DataFrame([row]))
    >>> [text.get_text() for text in ax.texts]
    ['Scn10a']
    """
    require_columns(evidence, _COLUMNS, "the marker dot plot")
    ranked = evidence.sort_values(["expected", "detection"], ascending=[True, False], kind="stable")
    shown = ranked.assign(column=ranked.groupby("cell_type", observed=True).cumcount())
    shown = shown[shown["column"] < top].astype({"cell_type": str, "gene": str, "expected": str})
    names = sorted(shown["cell_type"].unique())
    row = pd.Index(names).get_indexer(pd.Index(shown["cell_type"]))
    absent = (shown["expected"] == "-").to_numpy()
    with theme():
        ax = ax or new_axes(38 + 11 * int(shown["column"].max() + 1), 30 + 7.5 * len(names))
        dots = ax.scatter(
            shown["column"], row, s=1 + _LARGEST * shown["detection"].to_numpy(dtype=float), c=shown["mean_expression"],
            cmap="cividis_r", vmin=0, edgecolors=["#b3362b" if out else "0.4" for out in absent],
            linewidths=[0.9 if out else 0.3 for out in absent],
        )  # fmt: skip
        for column, y, gene, out in zip(shown["column"], row, shown["gene"], absent, strict=True):
            ax.text(
                column, y + 0.46, f"not {gene}" if out else gene, ha="center", va="center", fontsize=5, style="italic"
            )
        ax.set_yticks(range(len(names)), [short_name(name) for name in names])
        ax.set_xticks([])
        ax.set(xlim=(-0.7, float(shown["column"].max()) + 0.7), ylim=(len(names) - 0.2, -0.6))
        ax.spines[["bottom", "left"]].set_visible(False)
        ax.tick_params(length=0)
        place_colour_bar(ax, dots, "mean expression", shrink=0.5)
        for share in (0.1, 0.5, 1.0):
            ax.scatter([], [], s=1 + _LARGEST * share, color="0.4", label=f"{share:.0%}")
        place_legend(ax, columns=3, title="share of cells that detect the gene")
    return ax
