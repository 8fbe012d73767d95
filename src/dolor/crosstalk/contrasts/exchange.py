"""Counting labellings that change an interaction as much as the observed one: the compiled kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dolor.crosstalk.compiled import compiled

__all__ = ["exceedances"]

Floats32 = NDArray[np.float32]

# Labellings that give the same groups differ by rounding only; they count as equal.
_SLACK = np.float32(1e-5)


def exceedances(
    ligand_change: Floats32, receptor_change: Floats32, ligand: NDArray[np.intp], receptor: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Count labellings, the observed one included, whose change is as large as the observed.

    A score is a sum of a ligand and a receptor part, so is its change: labellings are applied to genes, never to pairs.

    Parameters
    ----------
    ligand_change, receptor_change
        Units × labellings, the parts of the change; the observed labelling first. Single precision, for speed.
    ligand, receptor
        Units of each interaction.

    Returns
    -------
    One count an interaction, 1 or more.

    Examples
    --------
    >>> change = np.array([[2.0, -2.0, 0.5]], dtype=np.float32)
    >>> exceedances(change, np.zeros_like(change), np.array([0]), np.array([0])).tolist()
    [2]
    """
    counts: NDArray[np.int64] = _count(ligand_change, receptor_change, ligand, receptor, _SLACK)
    return counts


@compiled
def _count(ligand_change: Any, receptor_change: Any, ligand: Any, receptor: Any, slack: Any) -> Any:
    counts = np.zeros(len(ligand), dtype=np.int64)
    for k in range(len(ligand)):
        first, second = ligand_change[ligand[k]], receptor_change[receptor[k]]
        observed = abs(first[0] + second[0])
        bound = observed - slack
        hits = 0
        for labelling in range(len(first)):
            hits += abs(first[labelling] + second[labelling]) >= bound
        counts[k] = hits
    return counts
