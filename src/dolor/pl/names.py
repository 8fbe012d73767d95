"""How populations are called in figures and sentences."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["population"]

_SPELLINGS = MappingProxyType({
    "drg": "DRG", "cdc1": "cDC1", "cdc2": "cDC2", "dc": "DC", "nk": "NK", "cd4": "CD4", "cd8": "CD8", "t": "T",
    "b": "B", "c": "C", "a": "A", "ltmr": "LTMR", "ilc2": "ILC2", "schwann": "Schwann", "gamma": "γ", "delta": "δ",
})  # fmt: skip


def population(name: str) -> str:
    """Say the name of a population.

    Examples
    --------
    >>> population("drg_barrier_macrophage"), population("cd4_t_cell")
    ('DRG barrier macrophage', 'CD4 T cell')
    """
    return " ".join(_SPELLINGS.get(word, word) for word in name.split("_"))
