"""What the catalog says about each interaction: its mediator, effect on pain, statements and references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from dolor.knowledge import catalog, populations
from dolor.knowledge.vocabulary import NOT_STATED
from dolor.pl.pain_axis_traffic import joint_effect
from dolor.report.rows import rows_of

__all__ = ["catalog_of", "knowledge_of", "stated_cells"]

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
            "effect": joint_effect([str(statement["effect"]) for statement in its]),
            "statements": [{key: str(statement[key]) for key in _FIELDS} for statement in its],
        }
    return found


def stated_cells(pairs: pd.DataFrame, knowledge: Mapping[str, dict[str, Any]]) -> list[str]:
    """Say of each pair whether the review speaks of these very cells.

    Parameters
    ----------
    pairs
        One row a pair: ``sender``, ``receiver``, ``interaction_id``.
    knowledge
        From :func:`knowledge_of`.

    Returns
    -------
    ``as stated``: some statement names the sender (or its kind) as source and the receiver as target; ``left open``:
    none does, but some statement leaves a side unnamed and agrees on the other; ``other cells``.
    """
    tree = populations.tree()
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
