"""SingleCellSignalR: the product of ligand and receptor against the expression of all genes."""

from __future__ import annotations

import numpy as np

from dolor.scores.method import Floats, Method, Side


def lrscore(ligand: Side, receptor: Side) -> Floats:
    """Root of the product, over itself plus the mean of all genes in all cells; 0 where nothing is expressed."""
    root = np.sqrt(ligand["means"] * receptor["means"])
    total = root + ligand["grand_mean"]
    return np.asarray(root / np.where(total > 0, total, 1.0))


METHOD = Method("SingleCellSignalR", "lrscore", lrscore, ("means", "grand_mean"), "magnitude", upper=1.0)
