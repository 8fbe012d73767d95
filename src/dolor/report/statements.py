"""What the catalog says about each interaction: its mediator, effect on pain, statements and references."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

import pandas as pd

from dolor.knowledge import catalog
from dolor.report.rows import rows_of

__all__ = ["catalog_of", "knowledge_of"]

_FIELDS = (
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
            "effect": _joint_effect([str(statement["effect"]) for statement in its]),
            "statements": [{key: str(statement[key]) for key in _FIELDS} for statement in its],
        }
    return found


def _joint_effect(effects: list[str]) -> str:
    """Say one effect on pain for all statements of an interaction; where they differ it is dual, never an average."""
    distinct = set(effects) - {"not_evaluated"}
    if not distinct:
        return "not_evaluated"
    return distinct.pop() if len(distinct) == 1 else "dual"
