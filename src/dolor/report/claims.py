"""The board of claims: each statement of the review, what each dataset says to it, and why."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dolor.contracts.tables import VERDICTS
from dolor.report import encode
from dolor.report.rows import rows_of

__all__ = ["board_of", "tally"]

_FIELDS = ("mediator", "compartment", "pain_type", "effect", "sex", "statement", "references", "locator")


def board_of(claims: pd.DataFrame, statements: pd.DataFrame) -> list[dict[str, Any]]:
    """Gather the verdicts on each statement, those that the data can judge first.

    Parameters
    ----------
    claims
        Columns of :data:`dolor.contracts.tables.CLAIMS`.
    statements
        The catalog, by id.

    Returns
    -------
    One entry a statement: its words, ``verdicts`` (the distinct ones, in the order supports, opposes, silent,
    untestable) and ``answers``, one a dataset.
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
            "answers": answers,
        })  # fmt: skip
    return sorted(board, key=lambda entry: (rank[entry["verdicts"][0]], entry["id"]))


def tally(board: list[dict[str, Any]]) -> dict[str, int]:
    """Count statements: supported, opposed or silent in some dataset, and those that no dataset can judge.

    Examples
    --------
    >>> tally([{"verdicts": ["supports", "untestable"]}, {"verdicts": ["untestable"]}])
    {'supports': 1, 'opposes': 0, 'silent': 0, 'untestable': 1}
    """
    counts = {verdict: sum(verdict in entry["verdicts"] for entry in board) for verdict in VERDICTS[:-1]}
    return {**counts, "untestable": sum(entry["verdicts"] == ["untestable"] for entry in board)}
