"""NATMI and Connectome: the product of ligand and receptor."""

from __future__ import annotations

from dolor.scores.method import Floats, Method, Side


def expr_prod(ligand: Side, receptor: Side) -> Floats:
    """Product of the ligand's mean in the sender and the receptor's mean in the receiver."""
    return ligand["means"] * receptor["means"]


METHOD = Method("NATMI product", "expr_prod", expr_prod, ("means",), "magnitude")
