"""CellChat: a law of mass action on trimeans."""

from __future__ import annotations

import numpy as np

from dolor.scores.method import Floats, Method, Side

# Product of ligand and receptor, as shares of the largest value, at which half of the receptors are taken.
_HALF = 0.5


def lr_probs(ligand: Side, receptor: Side) -> Floats:
    """Occupied share of the receptors; 0 where nothing is expressed, NaN where the profiles hold no trimeans."""
    largest = ligand["grand_max"]
    product = ligand["trimean"] * receptor["trimean"] / np.where(largest > 0, largest, 1.0) ** 2
    return np.asarray(product / (_HALF + product))


METHOD = Method(
    "CellChat", "lr_probs", lr_probs, ("trimean", "grand_max"), "magnitude", upper=1.0, limited_by="trimean"
)
