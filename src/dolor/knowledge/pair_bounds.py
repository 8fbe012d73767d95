"""Who may send and who may receive a pair, where a file of the user's own says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.knowledge.population_tree import PopulationTree
from dolor.knowledge.populations import tree

__all__ = ["within_bounds"]


def within_bounds(
    table: pd.DataFrame, interactions: pd.DataFrame, populations: PopulationTree | None = None
) -> pd.DataFrame:
    """Return the rows whose sender and receiver the pairs allow.

    Parameters
    ----------
    table
        One row per (..., ``sender``, ``receiver``, ``interaction_id``), such as scores or contrasts.
    interactions
        With ``source_cell`` and ``target_cell``: populations joined by ``;``, empty where any may send or receive.
        Without these columns all rows are returned.
    populations
        The tree of populations; default: that of the signatures.

    Returns
    -------
    The table itself where nothing is bounded. A population stands for those that it contains; a label that contains
    it, such as a class, is kept too, since it may be what those cells are called here.

    Examples
    --------
    >>> pairs = pd.DataFrame({"interaction_id": ["a"], "source_cell": ["macrophage"], "target_cell": [""]})
    >>> rows = pd.DataFrame({"interaction_id": "a", "sender": ["macrophage", "t_cell"], "receiver": "sensory_neuron"})
    >>> within_bounds(rows, pairs)["sender"].tolist()
    ['macrophage']
    """
    keep = np.ones(len(table), dtype=bool)
    for column, side in (("source_cell", "sender"), ("target_cell", "receiver")):
        if column in interactions.columns and (interactions[column].astype(str) != "").any():
            keep &= _allowed(table, interactions, column, side, tree() if populations is None else populations)
    return table if keep.all() else table[keep].reset_index(drop=True)


def _allowed(
    table: pd.DataFrame, interactions: pd.DataFrame, column: str, side: str, populations: PopulationTree
) -> NDArray[np.bool_]:
    """Return for each row whether the label on one side is among those that its pair names."""
    labels = pd.Categorical(table[side])
    ids = pd.Categorical(table["interaction_id"], categories=interactions["interaction_id"].astype(str))
    named = [_spread(str(names), populations) for names in interactions[column]]
    known = [str(label) for label in labels.categories]
    matrix = np.array([[not names or label in names for label in known] for names in named], dtype=bool)
    return np.asarray(matrix.reshape(len(named), len(known))[ids.codes, labels.codes])


def _spread(names: str, populations: PopulationTree) -> set[str]:
    """Return populations with all that they contain and all that contain them."""
    found = {name.strip() for name in names.split(";") if name.strip()}
    for name in tuple(found):
        if name in populations:
            found |= {*populations.descendants(name), *populations.ancestors(name)}
    return found
