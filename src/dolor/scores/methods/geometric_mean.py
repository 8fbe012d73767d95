"""Geometric mean of ligand and receptor."""

from __future__ import annotations

import numpy as np

from dolor.scores.method import Floats, Method, Side


def lr_gmeans(ligand: Side, receptor: Side) -> Floats:
    """Geometric mean of the ligand's mean in the sender and the receptor's mean in the receiver."""
    return np.asarray(np.sqrt(ligand["means"] * receptor["means"]))


METHOD = Method("Geometric mean", "lr_gmeans", lr_gmeans, ("means",), "magnitude")
