"""Labels against given ones: where an annotation agrees, and what it takes for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.pl.parts import draw_cells, short_name
from dolor.pl.theme import finished, new_axes, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["confusion"]


@finished
def confusion(called: pd.Series, given: pd.Series, *, ax: Axes | None = None) -> Axes:
    """Draw which share of the cells of each given label bears which called label.

    Parameters
    ----------
    called
        Label of each cell, such as ``adata.obs["cell_type"]``.
    given
        Somebody else's label of each of the same cells.
    ax
        Axes to draw on; by default a new figure that fits its labels.

    Returns
    -------
    The axes; each row adds up to one, its number of cells stands beside its name.

    Raises
    ------
    dolor.core.errors.DataError
        The two are not of one length, or empty.

    Examples
    --------
    >>> import dolor as dl
    >>> ax = dl.pl.confusion(pd.Series(["macrophage", "microglia"]), pd.Series(["macrophage", "macrophage"]))
    >>> [text.get_text() for text in ax.texts]
    ['50', '50']
    """
    if not (isinstance(called, pd.Series) and isinstance(given, pd.Series)):
        raise DataError('the confusion needs two columns of labels, such as adata.obs["cell_type"] and your own')
    if len(called) != len(given) or not len(called):
        raise DataError(f"the confusion needs two labels for each cell: {len(called)} called, {len(given)} given")
    counts = pd.crosstab(given.astype(str).to_numpy(), called.astype(str).to_numpy())
    rows = sorted(counts.index, key=str)
    shared = [name for name in rows if name in counts.columns]
    columns = [*shared, *sorted(set(counts.columns) - set(shared))]
    table = counts.loc[rows, columns]
    share = table.to_numpy(dtype=float) / table.to_numpy().sum(axis=1, keepdims=True)
    said = np.array([[f"{100 * value:.0f}" if value >= 0.005 else "" for value in row] for row in share])
    with theme():
        ax = ax or new_axes(52 + 5.5 * len(columns), 40 + 4.5 * len(rows))
        draw_cells(ax, share, said, cmap="Blues", low=0, high=1, label="share of the given label")
        ax.set_xticks(range(len(columns)), [short_name(str(name)) for name in columns], rotation=45, ha="right")
        names = [f"{short_name(str(name))} ({total:,})" for name, total in zip(rows, table.sum(axis=1), strict=True)]
        ax.set_yticks(range(len(rows)), names)
        ax.set(xlabel="called", ylabel="given")
    return ax
