"""How populations and places are called in figures and sentences."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["compartment", "population"]

_SPELLINGS = MappingProxyType({
    "drg": "DRG", "cdc1": "cDC1", "cdc2": "cDC2", "dc": "DC", "nk": "NK", "cd4": "CD4", "cd8": "CD8", "t": "T",
    "b": "B", "c": "C", "a": "A", "ltmr": "LTMR", "ilc2": "ILC2", "schwann": "Schwann", "remak": "Remak",
    "gamma": "γ", "delta": "δ",
})  # fmt: skip
_PLACES = MappingProxyType({
    "drg": "dorsal root ganglion", "spinal_cord": "spinal cord", "viscera": "internal organs",
    "not_stated": "place not stated", "systemic": "whole body",
})  # fmt: skip


def population(name: str) -> str:
    """Say the name of a population.

    Examples
    --------
    >>> population("drg_barrier_macrophage"), population("cd4_t_cell")
    ('DRG barrier macrophage', 'CD4 T cell')
    """
    return " ".join(_SPELLINGS.get(word, word) for word in name.split("_")).replace(" derived", "-derived")


def compartment(name: str) -> str:
    """Say the name of a place on the pain axis.

    Examples
    --------
    >>> compartment("drg"), compartment("bone")
    ('dorsal root ganglion', 'bone')
    """
    return _PLACES.get(name, name.replace("_", " "))
