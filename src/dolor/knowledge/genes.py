"""Gene names: what a name is called today, and its counterpart in the other species.

The tables come from HGNC and MGI (``signatures/SOURCES.md``). A name that could mean several genes is reported with
its candidates and never resolved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from dolor.core.errors import UsageError
from dolor.core.package_files import signature_path

__all__ = ["SEX_GENES", "detect_organism", "is_known", "resolve", "to_human", "to_mouse"]

# Genes of the sex chromosomes that one sex alone expresses; the first line is female, the second male.
SEX_GENES = {
    "mouse": (("Xist", "Tsix"), ("Ddx3y", "Eif2s3y", "Kdm5d", "Uty")),
    "human": (("XIST", "TSIX"), ("DDX3Y", "EIF1AY", "KDM5D", "RPS4Y1", "USP9Y", "UTY", "ZFY")),
}

_ENSEMBL = {"mouse": re.compile(r"(ENSMUSG\d{11})(?:\.\d+)?"), "human": re.compile(r"(ENSG\d{11})(?:\.\d+)?")}
_FLIPPED = {"one_to_many": "many_to_one", "many_to_one": "one_to_many"}


@dataclass(frozen=True)
class _Genes:
    """Look-ups of one species; the values are the current symbols that a name can mean."""

    current: frozenset[str]
    by_alias: dict[str, tuple[str, ...]]
    by_ensembl: dict[str, tuple[str, ...]]


@lru_cache(maxsize=2)
def _genes(organism: str) -> _Genes:
    """Read the table of one species, once."""
    if organism not in _ENSEMBL:
        raise UsageError(f"organism '{organism}' is not known here; use 'mouse' or 'human'")
    path = signature_path(f"genes_{organism}.tsv.gz")
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    by_alias: dict[str, tuple[str, ...]] = {}
    by_ensembl: dict[str, tuple[str, ...]] = {}
    for symbol, ensembl, aliases in zip(table["symbol"], table["ensembl"], table["aliases"], strict=True):
        if ensembl:
            by_ensembl[ensembl] = (*by_ensembl.get(ensembl, ()), symbol)
        for alias in aliases.split("|") if aliases else ():
            by_alias[alias] = (*by_alias.get(alias, ()), symbol)
    return _Genes(frozenset(table["symbol"]), by_alias, by_ensembl)


def _look_up(name: str, organism: str) -> tuple[str, tuple[str, ...]]:
    """Status of a name and the current symbols that it can mean."""
    genes = _genes(organism)
    if name in genes.current:
        return "current", (name,)
    identifier = _ENSEMBL[organism].fullmatch(name)
    status = "ensembl" if identifier else "alias"
    found = genes.by_ensembl.get(identifier[1], ()) if identifier else genes.by_alias.get(name, ())
    if not found:
        return "unknown", ()
    return (status if len(found) == 1 else "ambiguous"), found


def resolve(symbols: Iterable[str], organism: str) -> pd.DataFrame:
    """Bring gene names to the current symbols of a species.

    Parameters
    ----------
    symbols
        Gene symbols, former symbols, synonyms or Ensembl gene ids (with or without version), in any mixture. Letter
        case counts: it tells mouse from human.
    organism
        ``"mouse"`` or ``"human"``.

    Returns
    -------
    One row a name, in the order given: ``input``; ``symbol``, empty where there is no single answer; ``status``, one of
    ``current`` (is today's symbol), ``alias`` (a former symbol or synonym of one gene), ``ensembl`` (the id of one
    gene), ``ambiguous`` (several genes; nothing is chosen), ``unknown``; ``candidates``, the symbols that the name can
    mean, joined by ``;``.

    Raises
    ------
    dolor.core.errors.UsageError
        The organism is neither mouse nor human.

    Examples
    --------
    >>> resolve(["Il6ra", "Tmem173", "Nope1"], "mouse")["symbol"].tolist()
    ['Il6ra', 'Sting1', '']
    """
    names = list(symbols)
    found = [_look_up(name, organism) for name in names]
    return pd.DataFrame(
        {
            "input": names,
            "symbol": [options[0] if len(options) == 1 else "" for _, options in found],
            "status": [status for status, _ in found],
            "candidates": [";".join(options) for _, options in found],
        },
        dtype=object,
    )


def is_known(symbol: str, organism: str) -> bool:
    """Tell whether a name means exactly one gene of the species, by today's symbol, a former one or an Ensembl id.

    Examples
    --------
    >>> is_known("Tmem173", "mouse"), is_known("Tmem173", "human")
    (True, False)
    """
    return len(_look_up(symbol, organism)[1]) == 1


@lru_cache(maxsize=2)
def _orthologs(source: str, target: str) -> dict[str, list[tuple[str, str]]]:
    """Counterparts of each gene of ``source``: (symbol in ``target``, mapping read from ``source``)."""
    table = pd.read_csv(signature_path("orthologs.tsv"), sep="\t", dtype=str, keep_default_na=False)
    counterparts: dict[str, list[tuple[str, str]]] = {}
    for symbol, other, mapping in zip(table[source], table[target], table["mapping"], strict=True):
        word = mapping if source == "human" else _FLIPPED.get(mapping, mapping)
        counterparts.setdefault(symbol, []).append((other, word))
    for symbol, found in counterparts.items():
        found.sort(key=lambda pair: (pair[0].lower() != symbol.lower(), pair[0]))
    return counterparts


def _translate(symbols: Iterable[str], source: str, target: str) -> pd.DataFrame:
    resolved = resolve(symbols, source)
    counterparts = _orthologs(source, target)
    rows = [
        (name, symbol, other, mapping)
        for name, symbol in zip(resolved["input"], resolved["symbol"], strict=True)
        for other, mapping in counterparts.get(symbol, [("", "none")])
    ]
    return pd.DataFrame(rows, columns=["input", source, target, "mapping"], dtype=object)


def to_human(symbols: Iterable[str]) -> pd.DataFrame:
    """Find the human counterparts of mouse genes.

    Parameters
    ----------
    symbols
        Mouse gene names, in any form that :func:`resolve` reads.

    Returns
    -------
    One row a pair, the counterpart of the same name first: ``input``, ``mouse``, ``human``, ``mapping``
    (``one_to_one``, ``one_to_many``, ``many_to_one``, ``many_to_many``, read from mouse to human; ``none`` with an
    empty ``human`` where the table has no counterpart or the name has no single meaning).

    Examples
    --------
    >>> to_human(["Icosl", "Il6ra"])["human"].tolist()
    ['ICOSLG', 'IL6R']
    """
    return _translate(symbols, "mouse", "human")


def to_mouse(symbols: Iterable[str]) -> pd.DataFrame:
    """Find the mouse counterparts of human genes; the reverse of :func:`to_human`.

    Parameters
    ----------
    symbols
        Human gene names, in any form that :func:`resolve` reads.

    Returns
    -------
    One row a pair, the counterpart of the same name first: ``input``, ``human``, ``mouse``, ``mapping`` (read from
    human to mouse).

    Examples
    --------
    >>> to_mouse(["CXCL8", "STING1"])[["mouse", "mapping"]].values.tolist()
    [['', 'none'], ['Sting1', 'one_to_one']]
    """
    return _translate(symbols, "human", "mouse")


def detect_organism(var_names: Iterable[str]) -> tuple[str | None, float]:
    """Tell from its gene names which species a matrix is of.

    Only names that one species has and the other has not are weighed.

    Parameters
    ----------
    var_names
        Symbols or Ensembl ids of a matrix, in any mixture.

    Returns
    -------
    The species, or ``None`` where fewer than nine in ten of the telling names agree or no name tells; and the share of
    all names that are current symbols or ids of that species (0 for ``None``).

    Examples
    --------
    >>> detect_organism(["Xist", "Actb", "P2ry12", "my_reporter"])
    ('mouse', 0.75)
    """
    names = list(var_names)
    known = {
        organism: {n for n in names if n in _genes(organism).current or _ENSEMBL[organism].fullmatch(n)}
        for organism in ("mouse", "human")
    }
    telling = {"mouse": len(known["mouse"] - known["human"]), "human": len(known["human"] - known["mouse"])}
    organism = max(telling, key=lambda word: telling[word])
    if telling[organism] == 0 or telling[organism] < 0.9 * sum(telling.values()):
        return None, 0.0
    return organism, sum(name in known[organism] for name in names) / len(names)
