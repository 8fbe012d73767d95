"""Which interactions can be compared between which cell types, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dolor.crosstalk.contrasts.supply import Supply
from dolor.errors import DataError

__all__ = ["Eligibility", "eligibility_of"]


@dataclass(frozen=True)
class Eligibility:
    """``code`` (senders × receivers × interactions) points into ``reasons``; 0, the empty reason, is eligible."""

    code: NDArray[np.int16]
    reasons: tuple[str, ...]


def eligibility_of(
    supply: Supply, ligands: Sequence[str], receptors: Sequence[str], min_detection: float
) -> Eligibility:
    """Find the interactions whose ligand and receptor are measured, and detected in sender and receiver.

    Detection is judged over all replicates together: a gate on single samples loses cytokines and their receptors.

    Parameters
    ----------
    supply
        Expression of units by replicates and cell types.
    ligands, receptors
        Gene logic of each interaction.
    min_detection
        Smallest part of the cells that must detect a unit.

    Returns
    -------
    A code for each sender, receiver and interaction, and what the codes mean.

    Raises
    ------
    dolor.errors.DataError
        There are no interactions.
    """
    if not ligands:
        raise DataError("there are no interactions to compare: the table of ligand-receptor pairs has no rows")
    reasons = [""]
    code = np.zeros((len(supply.cell_types), len(supply.cell_types), len(ligands)), dtype=np.int16)
    detected = (supply.detection > 0) & (supply.detection >= min_detection)
    for side, units in (("receptor", receptors), ("ligand", ligands)):
        reasons.append(f"{side} detected in less than {min_detection:.3g} of the cells")
        columns = np.array([supply.units[unit] for unit in units], dtype=np.intp)
        lacking = ~detected[:, columns]
        code[lacking[:, None, :] & (code == 0) if side == "ligand" else lacking[None] & (code == 0)] = len(reasons) - 1
    for side, units in (("receptor", receptors), ("ligand", ligands)):
        for interaction, unit in enumerate(units):
            if unit in supply.missing_genes:
                reason = f"{side} not measured: {supply.missing_genes[unit]}"
                if reason not in reasons:
                    reasons.append(reason)
                code[:, :, interaction] = reasons.index(reason)
    return Eligibility(code, tuple(reasons))
