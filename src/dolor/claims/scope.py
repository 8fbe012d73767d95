"""Which rows of the contrasts speak to a statement of the review, or why none does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import pandas as pd

from dolor.knowledge import gene_logic
from dolor.knowledge.vocabulary import NOT_STATED, words

__all__ = ["PopulationTree", "Scope", "Setting", "pair_key", "scope_of"]

# Which models stand for a type of pain where a statement names no model itself.
PAIN_MODELS: Mapping[str, frozenset[str]] = MappingProxyType({
    "neuropathic": frozenset({
        "nerve_injury", "cipn", "diabetes", "multiple_sclerosis", "spinal_cord_injury", "autoimmune_neuropathy",
    }),
    "inflammatory": frozenset({
        "inflammation", "arthritis", "incision", "infection", "colitis", "food_allergy", "allergy",
    }),
    "nociplastic": frozenset({"fibromyalgia", "crps", "low_back_pain"}),
    "cancer": frozenset({"cancer"}),
    "visceral": frozenset({"colitis", "food_allergy"}),
})  # fmt: skip
PAINLESS = frozenset({"", "naive", "sham", "control"})
_MODELS = frozenset().union(*PAIN_MODELS.values()) | {"naive", "sham", "pregnancy", "infancy", "migraine"}
# Compartments that do not tie a statement to one place.
_ANYWHERE = frozenset({NOT_STATED, "systemic"})


class PopulationTree(Protocol):
    """What is asked of the tree of cell populations."""

    def descendants(self, population: str) -> Collection[str]:
        """Return all populations below one."""


@dataclass(frozen=True)
class Setting:
    """What a data set is: ``compartment``; the pain ``models`` of its conditions; their ``phases``, where known.

    ``phases`` maps a condition to ``early``, ``late`` or ``resolution``.
    """

    compartment: str
    models: Mapping[str, str]
    phases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Scope:
    """The rows that speak to a statement, or the reason why there are none; the case conditions that match."""

    rows: pd.DataFrame
    cases: tuple[str, ...] = ()
    reason: str = ""


def pair_key(ligand: str, receptor: str) -> str:
    """Name a pair of human gene expressions so that two that mean the same are the same text."""
    return f"{gene_logic.canonical(ligand)}:{gene_logic.canonical(receptor)}"


def scope_of(
    statement: Mapping[str, str], rows_by_pair: Mapping[str, pd.DataFrame], cell_types: Collection[str],
    setting: Setting, tree: PopulationTree,
) -> Scope:  # fmt: skip
    """Find the rows of one data set that a statement is about.

    Parameters
    ----------
    statement
        A row of the catalog.
    rows_by_pair
        Contrasts of the data set, by :func:`pair_key`.
    cell_types
        Labels that the data set has.
    setting
        Compartment and conditions of the data set.
    tree
        Populations: a statement about macrophages covers their subsets.

    Returns
    -------
    Rows of all contrast types and matching cases; or none, and why.
    """
    nothing = next(iter(rows_by_pair.values())).iloc[:0] if rows_by_pair else pd.DataFrame()
    reason = _no_pair(statement) or _elsewhere(statement, setting)
    if reason:
        return Scope(nothing, reason=reason)
    cases = tuple(c for c in setting.models if _shows(statement, setting.models[c], setting.phases.get(c, "")))
    if not cases:
        return Scope(nothing, reason=_no_condition(statement, setting))
    rows = rows_by_pair.get(pair_key(statement["ligand_human"], statement["receptor_human"]))
    if rows is None:
        return Scope(nothing, cases, "the pair was not scored in this data set")
    senders = _covered(statement["source_cell"], cell_types, tree)
    receivers = _covered(statement["target_cell"], cell_types, tree)
    if not senders:
        return Scope(nothing, cases, f"sender absent: {statement['source_cell']}")
    if not receivers:
        return Scope(nothing, cases, f"receiver absent: {statement['target_cell']}")
    chosen = rows[rows["sender"].isin(senders) & rows["receiver"].isin(receivers)]
    case = chosen["case"].astype(str).str.rsplit(":", n=1).str[0].where(
        chosen["contrast_type"].astype(str) == "interaction", chosen["case"].astype(str)
    )  # fmt: skip
    return Scope(chosen[case.isin(cases)], cases)


def _no_pair(statement: Mapping[str, str]) -> str:
    if statement["kind"] != "ligand_receptor":
        return f"the statement names no ligand-receptor pair (kind {statement['kind']})"
    lacking = [side for side in ("ligand", "receptor") if not statement[f"{side}_human"]]
    return f"the catalog holds no gene for the {' and the '.join(lacking)}" if lacking else ""


def _elsewhere(statement: Mapping[str, str], setting: Setting) -> str:
    stated = set(words(statement["compartment"]))
    if setting.compartment in stated or not stated or stated & _ANYWHERE:
        return ""
    return f"compartment differs: the statement is on {', '.join(sorted(stated))}, the data on {setting.compartment}"


def _models_of(statement: Mapping[str, str]) -> frozenset[str]:
    """Return the models that a statement is about; empty if it is about pain at large."""
    named = (set(words(statement["context"])) & _MODELS) - PAINLESS
    if named:
        return frozenset(named)
    types = [PAIN_MODELS[word] for word in words(statement["pain_type"]) if word in PAIN_MODELS]
    return frozenset().union(*types)


def _shows(statement: Mapping[str, str], model: str, phase: str) -> bool:
    """Say whether a condition is one that the statement is about."""
    if model in PAINLESS:
        return False
    stated = set(words(statement["context"]))
    if "resolution" in stated and phase != "resolution":
        return False
    if phase and stated & {"early", "late", "resolution"} and phase not in stated:
        return False
    models = _models_of(statement)
    return not models or model in models


def _no_condition(statement: Mapping[str, str], setting: Setting) -> str:
    wanted = sorted(_models_of(statement)) or ["a pain model"]
    phase = sorted(set(words(statement["context"])) & {"early", "late", "resolution"})
    there = sorted(set(setting.models.values()) - PAINLESS) or ["none"]
    during = f" ({', '.join(phase)} phase)" if phase else ""
    return f"no such condition: the statement is on {', '.join(wanted)}{during}, the data has {', '.join(there)}"


def _covered(stated: str, cell_types: Collection[str], tree: PopulationTree) -> list[str]:
    """Return the labels of the data that a stated population covers; all of them where none is stated."""
    if stated in ("", NOT_STATED):
        return sorted(cell_types)
    covered = {below for name in words(stated) for below in (name, *tree.descendants(name))}
    return sorted(covered & set(cell_types))
