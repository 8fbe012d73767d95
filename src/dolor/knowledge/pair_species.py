"""Carry gene expressions of pairs from one species to the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from dolor.knowledge import genelogic
from dolor.knowledge.genes import to_human, to_mouse
from dolor.knowledge.vocabulary import Organism

__all__ = ["counterparts", "translate"]


def counterparts(expressions: Iterable[str], target: Organism) -> dict[str, tuple[str, ...]]:
    """Find the genes of the other species for every gene in some expressions.

    Parameters
    ----------
    expressions
        Expressions of :mod:`dolor.knowledge.genelogic` in symbols of the species that is not ``target``.
    target
        The species to go to.

    Returns
    -------
    For each symbol its counterparts: none, one or several.

    Examples
    --------
    >>> counterparts(["IL6R+IL6ST"], "mouse")
    {'IL6R': ('Il6ra',), 'IL6ST': ('Il6st',)}
    """
    symbols = list(dict.fromkeys(gene for text in expressions for gene in genelogic.genes(text)))
    table = to_mouse(symbols) if target == "mouse" else to_human(symbols)
    found: dict[str, tuple[str, ...]] = dict.fromkeys(symbols, ())
    for symbol, other in zip(table["input"], table[target], strict=True):
        if other:
            found[symbol] = (*found[symbol], other)
    return found


def translate(expression: str, table: Mapping[str, tuple[str, ...]]) -> str:
    """Write an expression in the genes of the other species.

    A gene with several counterparts becomes alternatives; an alternative that lacks a counterpart for a subunit goes.

    Parameters
    ----------
    expression
        The expression to carry over.
    table
        What :func:`counterparts` found.

    Returns
    -------
    The expression, ``""`` if no alternative is left.

    Examples
    --------
    >>> translate("A+B|C", {"A": ("a",), "B": ("b1", "b2"), "C": ()})
    'a+b1|a+b2'
    """
    alternatives = [
        tuple(dict.fromkeys(choice))
        for subunits in genelogic.parse(expression)
        for choice in product(*(table.get(gene, ()) for gene in subunits))
    ]
    return genelogic.format(dict.fromkeys(alternatives))
