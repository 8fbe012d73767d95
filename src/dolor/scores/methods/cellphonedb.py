"""CellPhoneDB: the mean of ligand and receptor."""

from __future__ import annotations

from dolor.scores.method import Floats, Method, Side


def lr_means(ligand: Side, receptor: Side) -> Floats:
    """Mean of the ligand's mean in the sender and the receptor's mean in the receiver."""
    return (ligand["means"] + receptor["means"]) / 2


METHOD = Method("CellPhoneDB", "lr_means", lr_means, ("means",), "magnitude")
