"""The board of claims: each statement of the review with what the data says to it, and why."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dolor.contracts.tables import VERDICTS
from dolor.report import encode
from dolor.report.rows import rows_of

__all__ = ["board_of"]

_FIELDS = ("mediator", "compartment", "pain_type", "effect", "sex", "statement", "references", "locator")


def board_of(claims: pd.DataFrame, statements: pd.DataFrame) -> list[dict[str, Any]]:
    """Join verdicts with the statements that they judge, the supported ones first.

    Parameters
    ----------
    claims
        Columns of :data:`dolor.contracts.tables.CLAIMS`.
    statements
        The catalog, by id.
    """
    rows = []
    of_id = {row["id"]: row for row in rows_of(statements)}
    for claim in rows_of(claims):
        known = of_id.get(claim["claim_id"], {})
        rows.append({**claim, "log2_change": claim["effect"], **{name: str(known.get(name, "")) for name in _FIELDS}})
    rank = {verdict: place for place, verdict in enumerate(VERDICTS)}
    return encode.records(sorted(rows, key=lambda row: (rank[row["verdict"]], row["claim_id"], row["dataset_id"])))
