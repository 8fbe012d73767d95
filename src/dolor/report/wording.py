"""Going through the rows of a small table.

How names and numbers of the tables are said to a reader.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dolor.pl.parts import compartment, population

__all__ = [
    "capitalize_first",
    "comparison",
    "comparison_parts",
    "compartment",
    "count",
    "fold",
    "listing",
    "number",
    "pain_effect",
    "population",
    "probability",
    "programme",
    "rows_of",
    "verdict",
]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries of plain Python values.

    Examples
    --------
    >>> rows_of(pd.DataFrame({"sample_id": ["s1"], "n_cells": [3]}))
    [{'sample_id': 's1', 'n_cells': 3}]
    """
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def comparison(row: Mapping[str, Any]) -> str:
    """Say what is compared, from ``contrast_type``, ``case``, ``reference`` and ``stratum``.

    Examples
    --------
    >>> comparison({"contrast_type": "condition_in_sex", "case": "injured", "reference": "naive", "stratum": "female"})
    'injured vs naive, in females'
    >>> comparison({"contrast_type": "interaction", "case": "injured:female", "reference": "naive:male", "stratum": ""})
    'injured vs naive, females minus males'
    """
    compared, within = comparison_parts(row)
    return f"{compared}, {within}" if within else compared


def comparison_parts(row: Mapping[str, Any]) -> tuple[str, str]:
    """Say what is compared, and in whom: empty text for all animals together.

    Examples
    --------
    >>> comparison_parts({"contrast_type": "sex_in_condition", "case": "female", "reference": "male", "stratum": "SNI"})
    ('female vs male', 'in SNI')
    """
    kind, case, reference, stratum = (str(row[key]) for key in ("contrast_type", "case", "reference", "stratum"))
    if kind == "interaction":
        condition, _, sex = case.partition(":")
        without = reference.partition(":")
        if sex:
            return f"{condition} vs {without[0]}", f"{sex}s minus {without[2]}s"
    return f"{case} vs {reference}", f"in {stratum}{'s' if kind == 'condition_in_sex' else ''}" if stratum else ""


def number(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits; a missing one is a dash.

    Examples
    --------
    >>> number(0.012345), number(float("nan")), number(1234.6)
    ('0.0123', '–', '1235')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value and abs(value) >= 10**digits:
        return f"{value:.0f}"
    return f"{value:.{digits}g}" if value == 0 or abs(value) >= 1e-4 else f"{value:.1e}"


def probability(name: str, value: float) -> str:
    """Write a p- or q-value as a reader expects it.

    Examples
    --------
    >>> probability("q", 0.00001), probability("q", 0.0312)
    ('q < 0.0001', 'q = 0.031')
    """
    return f"{name} < 0.0001" if value < 1e-4 else f"{name} = {number(value, 2)}"


def fold(log2_change: float) -> str:
    """Say a log2 change as a factor.

    Examples
    --------
    >>> fold(1.0), fold(-1.0), fold(0.0)
    ('2 times higher', '2 times lower', 'unchanged')
    """
    factor = number(2 ** abs(log2_change), 2)
    if factor == "1":
        return "unchanged"
    return f"{factor} times {'higher' if log2_change > 0 else 'lower'}"


def count(n: int, thing: str, things: str = "") -> str:
    """Write a number of things.

    Examples
    --------
    >>> count(1, "sample"), count(2000, "cell")
    ('1 sample', '2,000 cells')
    """
    return f"{n:,} {thing if n == 1 else things or thing + 's'}"


def listing(items: Iterable[str], limit: int = 6) -> str:
    """Join items as in a sentence; beyond the limit the rest is counted.

    Examples
    --------
    >>> listing(["a", "b", "c"]), listing("abcd", limit=2)
    ('a, b and c', 'a, b and 2 more')
    """
    items = list(items)
    if len(items) > limit:
        return f"{', '.join(items[:limit])} and {len(items) - limit:,} more"
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def pain_effect(word: str) -> str:
    """Say a mediator's effect on pain, as the review has it."""
    return {
        "pro": "promotes pain", "anti": "relieves pain", "dual": "promotes and relieves pain",
        "homeostatic": "homeostatic",
        "not_evaluated": "effect not evaluated",
    }.get(word, word)  # fmt: skip


def programme(name: str) -> str:
    """Say the name of a response programme.

    Examples
    --------
    >>> programme("repair_schwann"), programme("nf_kappa_b")
    ('repair Schwann', 'NF-κB')
    """
    return {"nf_kappa_b": "NF-κB"}.get(name) or population(name)


def verdict(word: str) -> str:
    """Say what the data make of a statement, as the end of "the data ...".

    Examples
    --------
    >>> verdict("opposes")
    'contradict'
    """
    return {
        "supports": "support", "opposes": "contradict", "silent": "leave open", "untestable": "cannot test",
        "not_observable": "can never show",
    }.get(word, word)  # fmt: skip


def capitalize_first(text: str) -> str:
    """Begin with a capital and leave the rest as it is.

    Examples
    --------
    >>> capitalize_first("SNI vs sham"), capitalize_first("injured vs naive")
    ('SNI vs sham', 'Injured vs naive')
    """
    return text[:1].upper() + text[1:]
