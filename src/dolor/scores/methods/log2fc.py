"""Log fold change of ligand and receptor against all other cells."""

from __future__ import annotations

import numpy as np

from dolor.scores.method import Floats, Method, Side


def lr_logfc(ligand: Side, receptor: Side) -> Floats:
    """Mean of the log2 fold changes of ligand and receptor; NaN where a sample has one cell type only."""
    return (ligand["logfc"] + receptor["logfc"]) / 2


METHOD = Method("Log2FC", "lr_logfc", lr_logfc, ("logfc",), "specificity", lower=-np.inf)
