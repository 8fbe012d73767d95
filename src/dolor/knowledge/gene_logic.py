"""The small grammar of ligands and receptors: ``A+B`` needs both, ``A|B`` is content with either.

``|`` binds weakest, so ``A+B|C`` reads "A and B, or else C". There are no brackets. Parsed, an expression is its
alternatives, each a tuple of the subunits that it needs::

    parse("IL6ST+LIFR|OSMR")  ->  (("IL6ST", "LIFR"), ("OSMR",))
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dolor.core.errors import DataError

__all__ = ["Alternatives", "canonical", "format", "genes", "parse"]

Alternatives = tuple[tuple[str, ...], ...]

_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@-]*")


def parse(text: str) -> Alternatives:
    """Read an expression of the gene grammar.

    Parameters
    ----------
    text
        Gene symbols joined with ``+`` (all needed) and ``|`` (any will do); blanks around them do not matter.

    Returns
    -------
    The alternatives, each a tuple of subunits, in the order written; empty for empty text.

    Raises
    ------
    dolor.core.errors.DataError
        A subunit is empty, is duplicated in one complex, or holds a character that is no part of a gene symbol.

    Examples
    --------
    >>> parse("IL1R1+IL1RAP|IL1R2")
    (('IL1R1', 'IL1RAP'), ('IL1R2',))
    >>> parse("")
    ()
    """
    if not text.strip():
        return ()
    return tuple(_complex(part, text) for part in text.split("|"))


def genes(text: str) -> tuple[str, ...]:
    """Return the distinct symbols of an expression, in the order written.

    Examples
    --------
    >>> genes("IL1R1+IL1RAP|IL1R2+IL1RAP")
    ('IL1R1', 'IL1RAP', 'IL1R2')
    """
    return tuple(dict.fromkeys(gene for subunits in parse(text) for gene in subunits))


def format(alternatives: Iterable[Iterable[str]]) -> str:  # noqa: A001  read as gene_logic.format
    """Write alternatives of subunits as an expression; the inverse of :func:`parse`.

    Examples
    --------
    >>> format([["IL1R1", "IL1RAP"], ["IL1R2"]])
    'IL1R1+IL1RAP|IL1R2'
    """
    return "|".join("+".join(subunits) for subunits in alternatives)


def canonical(text: str) -> str:
    """Write an expression so that two that mean the same are the same text: sorted, repetitions dropped.

    Examples
    --------
    >>> canonical("OSMR | LIFR+IL6ST") == canonical("IL6ST+LIFR|OSMR")
    True
    """
    return format(sorted({tuple(sorted(subunits)) for subunits in parse(text)}))


def _complex(part: str, text: str) -> tuple[str, ...]:
    """Read the subunits of one alternative; ``text`` is the whole expression, for the message."""
    subunits = tuple(subunit.strip() for subunit in part.split("+"))
    for subunit in subunits:
        if not subunit:
            raise DataError(f"gene expression '{text}': a subunit is empty; write A+B (both) or A|B (either)")
        if not _SYMBOL.fullmatch(subunit):
            raise DataError(
                f"gene expression '{text}': '{subunit}' is no gene symbol; "
                "join genes with '+' (all needed) or '|' (any)"
            )
    if len(set(subunits)) < len(subunits):
        raise DataError(f"gene expression '{text}': the complex '{part.strip()}' names a subunit twice")
    return subunits
