"""Connectome: how far ligand and receptor stand out from all cells."""

from __future__ import annotations

import numpy as np

from dolor.scores.method import Floats, Method, Side


def scaled_weight(ligand: Side, receptor: Side) -> Floats:
    """Mean of the standardised expression of ligand and receptor."""
    return (ligand["zscores"] + receptor["zscores"]) / 2


METHOD = Method("Connectome", "scaled_weight", scaled_weight, ("zscores",), "specificity", lower=-np.inf)
