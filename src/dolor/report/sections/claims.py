"""What the catalog says about each interaction: its mediator, effect on pain, statements and references.

The board of claims: each statement of the review, what each dataset says to it, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from dolor.core.tables import VERDICTS
from dolor.knowledge import catalog
from dolor.knowledge.population_tree import PopulationTree
from dolor.knowledge.vocabulary import NOT_STATED
from dolor.pl.pain_axis_traffic import AXIS, joint_effect
from dolor.report import encode
from dolor.report.wording import rows_of

__all__ = [
    "board_of",
    "catalog_of",
    "knowledge_of",
    "overview_of",
    "reason_group",
    "reasons_of",
    "stated_cells",
    "tally",
]

_STATEMENT_FIELDS = (
    "id", "mediator", "source_cell", "target_cell", "compartment", "pain_type", "context", "effect", "sex", "species",
    "statement", "locator", "references", "notes",
)  # fmt: skip
_UNKNOWN = MappingProxyType({"mediator_class": "", "proxy": "", "effect": "not_evaluated", "statements": []})


def catalog_of() -> pd.DataFrame:
    """Return all statements of the catalog, one row each, by ``id``."""
    return catalog.mediators().set_index("id", drop=False)


def knowledge_of(interaction_ids: Iterable[str], statements: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Join interactions with the statements that they stand for.

    Parameters
    ----------
    interaction_ids
        The interactions shown. Those of a user's own table are no catalog entries; they get their id as mediator.
    statements
        From :func:`catalog_of`.

    Returns
    -------
    By interaction: ``mediator``, ``mediator_class``, ``proxy``, ``effect`` on pain and ``statements``.
    """
    pairs = {row["interaction_id"]: row for row in rows_of(catalog.interactions("human"))}
    of_id = {row["id"]: row for row in rows_of(statements)}
    found: dict[str, dict[str, Any]] = {}
    for name in interaction_ids:
        if name not in pairs:
            found[name] = {**_UNKNOWN, "mediator": name.partition(":")[0]}
            continue
        row = pairs[name]
        its = [of_id[key] for key in row["catalog_ids"].split(";")]
        found[name] = {
            "mediator": row["mediator"].replace(";", ", "),
            "mediator_class": row["mediator_class"],
            "proxy": row["ligand_proxy"],
            "effect": joint_effect([str(statement["effect"]) for statement in its]),
            "statements": [{key: str(statement[key]) for key in _STATEMENT_FIELDS} for statement in its],
        }
    return found


def stated_cells(pairs: pd.DataFrame, knowledge: Mapping[str, dict[str, Any]], tree: PopulationTree) -> list[str]:
    """Say of each pair whether the review speaks of these very cells.

    Parameters
    ----------
    pairs
        One row a pair: ``sender``, ``receiver``, ``interaction_id``.
    knowledge
        From :func:`knowledge_of`.
    tree
        The populations of the run.

    Returns
    -------
    ``as stated``: some statement names the sender (or its kind) as source and the receiver as target; ``left open``:
    none does, but some statement leaves a side unnamed and agrees on the other; ``other cells``.
    """
    kinds = {name: {name, *(tree.ancestors(name) if name in tree else ())} for side in ("sender", "receiver")
             for name in pairs[side].unique()}  # fmt: skip
    found = []
    for sender, receiver, interaction in zip(pairs["sender"], pairs["receiver"], pairs["interaction_id"], strict=True):
        best = 0
        for statement in knowledge[interaction]["statements"]:
            sides = (_fits(statement["source_cell"], kinds[sender]), _fits(statement["target_cell"], kinds[receiver]))
            best = max(best, min(sides))
        found.append(("other cells", "left open", "as stated")[best])
    return found


def _fits(stated: str, kinds: set[str]) -> int:
    """Return 2 if one of the cells stated is of these kinds, 1 if none is named, else 0."""
    words = set(stated.split(";"))
    return 2 if words & kinds else 1 if words <= {"", NOT_STATED} else 0


_FIELDS = ("mediator", "compartment", "pain_type", "effect", "sex", "statement", "references", "locator")

# How the reasons of dolor.claims.claims begin, and what they come to.
_KINDS = MappingProxyType({
    "the statement names no ligand-receptor pair": "names no ligand-receptor pair, but cells, a pathway or a receptor",
    "the catalog holds no gene": "names a signal whose gene is not known",
    "compartment differs": "is about another tissue",
    "no such condition": "is about another pain model",
    "the pair was not scored": "names a pair that was not scored here",
    "sender absent": "is about cells that were not found here",
    "receiver absent": "is about cells that were not found here",
    "a statement on one sex": "is about one sex, and the sexes could not be compared",
})  # fmt: skip


def board_of(claims: pd.DataFrame, statements: pd.DataFrame) -> list[dict[str, Any]]:
    """Gather the verdicts on each statement, those that the data can judge first.

    Parameters
    ----------
    claims
        Columns of :data:`dolor.core.tables.CLAIMS`.
    statements
        The catalog, by id.

    Returns
    -------
    One entry a statement: its words, ``verdicts`` (the distinct ones, in the order supports, opposes, silent,
    untestable) and ``answers``, one for all datasets that say the same.
    """
    known = {row["id"]: row for row in rows_of(statements)}
    rank = {verdict: place for place, verdict in enumerate(VERDICTS)}
    board = []
    for claim_id, rows in claims.groupby("claim_id", sort=True):
        words = known.get(str(claim_id), {})
        answers = encode.records(sorted(rows_of(rows), key=lambda row: (rank[row["verdict"]], row["dataset_id"])))
        board.append({
            "id": str(claim_id),
            **{name: str(words.get(name, "")) for name in _FIELDS},
            "verdicts": list(dict.fromkeys(answer["verdict"] for answer in answers)),
            "answers": _merged(answers),
            "groups": sorted({reason_group(row["reason"]) for row in answers if row["verdict"] == "untestable"}),
        })  # fmt: skip
    return sorted(board, key=lambda entry: (rank[entry["verdicts"][0]], entry["id"]))


def _merged(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let datasets with the same verdict, reason and evidence speak together."""
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for answer in answers:
        key = (answer["verdict"], answer["reason"], answer["evidence"])
        merged.setdefault(key, {**answer, "datasets": []})["datasets"].append(answer["dataset_id"])
    return list(merged.values())


def tally(board: list[dict[str, Any]]) -> dict[str, int]:
    """Count statements: supported, opposed or silent in some dataset, and those that no dataset can judge.

    Examples
    --------
    >>> tally([{"verdicts": ["supports", "untestable"]}, {"verdicts": ["untestable"]}])
    {'supports': 1, 'opposes': 0, 'silent': 0, 'not_observable': 0, 'untestable': 1}
    """
    counts = {verdict: sum(verdict in entry["verdicts"] for entry in board) for verdict in VERDICTS[:-1]}
    return {**counts, "untestable": sum(entry["verdicts"] == ["untestable"] for entry in board)}


def overview_of(board: list[dict[str, Any]]) -> dict[str, Any]:
    """Count the verdicts by pain type (rows) and place (columns); a statement about two places counts in both.

    Returns
    -------
    ``places`` and ``rows``; each row has its ``pain`` type and one count of verdicts (:func:`tally`) a place.
    """
    stated = [({*entry["pain_type"].split(";")}, {*entry["compartment"].split(";")}, entry) for entry in board]
    places = _in_order({place for _, where, _ in stated for place in where}, AXIS)
    pains = _in_order({pain for pain, _, _ in stated for pain in pain}, ())
    rows = [
        {"pain": pain, "cells": [tally([e for p, w, e in stated if pain in p and place in w]) for place in places]}
        for pain in pains
    ]
    return {"places": places, "rows": rows}


def reasons_of(board: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Count the statements that no dataset can judge by the kind of reason, the commonest first.

    A statement with several reasons counts under each.
    """
    groups = [group for entry in board if entry["verdicts"] == ["untestable"] for group in entry["groups"]]
    counts = pd.Series(groups, dtype=object).value_counts(sort=False)
    ordered = sorted(counts.items(), key=lambda item: (-int(item[1]), str(item[0])))
    return [{"reason": str(reason), "statements": int(number)} for reason, number in ordered]


def reason_group(reason: str) -> str:
    """Bring a reason to its kind, in words that end the sentence "this data cannot judge a statement that ...".

    Examples
    --------
    >>> reason_group("compartment differs: the statement is on brain, the data on drg")
    'is about another tissue'
    """
    return next((said for start, said in _KINDS.items() if reason.startswith(start)), "could not be tested here")


def _in_order(words: Iterable[str], order: tuple[str, ...]) -> list[str]:
    """Sort words: those of the order first, what is not stated last."""
    place = {word: number for number, word in enumerate(order)}
    distinct = {word or NOT_STATED for word in words}
    return sorted(distinct, key=lambda word: (word == NOT_STATED, place.get(word, len(order)), word))
