"""Names from markers beside names that were transferred: where they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contracts.vocabulary import UNASSIGNED

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from dolor.knowledge.populations import PopulationTree


def agreement(
    named: pd.Series,
    transferred: pd.Series,
    tree: PopulationTree,
    taught: Collection[str],
    seeds: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Count, for each cell type, the cells that a transfer gives the same name.

    Two names agree when they are one, or when one lies below the other in the tree: to know more is no disagreement.

    Parameters
    ----------
    named
        The name of each cell from its markers.
    transferred
        The name of each cell from the transfer; ``unassigned`` where it has none that the tree knows.
    tree
        The populations.
    taught
        The names that the transfer can give. Cells of which none of these is the name, nor above or below it, are not
        compared: it could only be wrong about them.
    seeds
        The cells that the transfer learned from. It repeats what it was taught, so that these are not compared.

    Returns
    -------
    One row a name of ``named``: ``cell_type``, ``n_cells``, ``n_seeds``, ``taught`` (the transfer can give this name,
    or one above or below it), ``n_compared`` (taught, no seeds, and named by both), ``agreeing`` (share of those
    compared; NaN where there are none), ``most_other`` (the most frequent name that its cells got and that does not
    agree, or an empty text).

    Examples
    --------
    >>> from dolor.knowledge import populations
    >>> named = pd.Series(["t_cell", "t_cell", "b_cell"])
    >>> transferred = pd.Series(["cd4_t_cell", "b_cell", "b_cell"])
    >>> agreement(named, transferred, populations.tree(), {"cd4_t_cell", "b_cell"})["agreeing"].tolist()
    [1.0, 0.5]
    """
    cells = pd.DataFrame({"named": named.astype(str).to_numpy(), "transferred": transferred.astype(str).to_numpy()})
    cells["seed"] = False if seeds is None else seeds
    names = set(cells["named"]) - {UNASSIGNED}
    known = {name for name in names if any(_akin(name, other, tree) for other in taught)}
    cells["compared"] = ~cells["seed"] & cells["named"].isin(known) & (cells["transferred"] != UNASSIGNED)
    pairs = cells[["named", "transferred"]].drop_duplicates()
    akin = {(one, other) for one, other in pairs.itertuples(index=False) if _akin(one, other, tree)}
    cells["agrees"] = [pair in akin for pair in zip(cells["named"], cells["transferred"], strict=True)]
    rows = []
    for name, group in cells.groupby("named", sort=True):
        compared = group[group["compared"]]
        others = group.loc[~group["agrees"] & (group["transferred"] != UNASSIGNED), "transferred"].value_counts()
        share = float(compared["agrees"].mean()) if len(compared) else np.nan
        other = "" if others.empty else str(others.sort_index().idxmax())
        rows.append((str(name), len(group), int(group["seed"].sum()), name in known, len(compared), share, other))
    columns = ["cell_type", "n_cells", "n_seeds", "taught", "n_compared", "agreeing", "most_other"]
    return pd.DataFrame(rows, columns=columns)


def agreement_sentence(table: pd.DataFrame, method: str) -> str:
    """Say in one sentence how far a transfer agrees with the markers, and where the least."""
    compared = table[table["n_compared"] > 0]
    if compared.empty:
        return f"{method}: no cell has a name from its markers and another from the transfer to compare it with"
    strange = table[~table["taught"] & (table["cell_type"] != UNASSIGNED)]
    untaught = f"; it does not know {', '.join(strange['cell_type'])}" if len(strange) else ""
    total = int(compared["n_compared"].sum())
    share = float((compared["agreeing"] * compared["n_compared"]).sum() / total)
    least = compared.sort_values("agreeing", kind="stable").iloc[0]
    other = f", else mostly {least['most_other']}" if least["most_other"] else ""
    where = f"{least['cell_type']} ({least['agreeing']:.0%} of {least['n_compared']}{other})"
    return (
        f"{method} gives {share:.0%} of {total} cells that it did not learn from the name that their markers give, "
        f"or one above or below it; least {where}{untaught}"
    )


def _akin(one: str, other: str, tree: PopulationTree) -> bool:
    """Tell whether two names are one, or one lies below the other."""
    if one == other:
        return True
    return one in tree and other in tree and (one in tree.ancestors(other) or other in tree.ancestors(one))
