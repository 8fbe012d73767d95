"""Which tests concern a statement that names no pair: shares of cells, states, expression, presence, or many pairs.

The table of readouts says for each statement what to look at. Tests of shares and of units are brought into the form of
tests of pairs, so that one set of rules judges them all. What is only said to be there is judged without a test: found
is consistent with the statement; not found is silence, since too few cells look the same as none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from dolor.claims.scope import PAINLESS, PopulationTree, Scope, Setting, pair_key
from dolor.knowledge import gene_logic
from dolor.knowledge.vocabulary import NO_READOUT, words

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MIN_SHARE", "Evidence", "as_statement", "not_observable", "present_verdict", "scope_of_readout"]

ANY = "any"
# A population that is less than this mean share of the cells may be a few misnamed cells.
MIN_SHARE = 0.005
TESTS_OF = {
    "abundance": "composition",
    "state": "composition",
    "expression_change": "units",
    "family_of_pairs": "pairs",
}


@dataclass(frozen=True)
class Evidence:
    """The tables of one dataset: tests of ``pairs``, of ``units``, and of the ``composition``.

    ``families`` gives for each class of mediators the pairs of the catalog that belong to it, by ``pair_key``.
    """

    pairs: pd.DataFrame
    units: pd.DataFrame
    composition: pd.DataFrame
    families: Mapping[str, Collection[str]]


def not_observable(readout: Mapping[str, str]) -> str:
    """Return why expression data can never answer a statement; empty where they can."""
    if readout["readout"] != "none":
        return ""
    return f"expression cannot show it: {NO_READOUT.get(readout['reason'], readout['reason'])}"


def as_statement(statement: Mapping[str, str], readout: Mapping[str, str]) -> dict[str, str]:
    """Return the statement with what its readout predicts as its effect: up as ``pro``, down as ``anti``."""
    effect = {"up": "pro", "down": "anti"}.get(readout["direction"], "not_evaluated")
    sex = "not_stated" if readout["sex"] == ANY else readout["sex"]
    return {**statement, "effect": effect, "sex": sex, "context": ""}


def scope_of_readout(readout: Mapping[str, str], evidence: Evidence, setting: Setting, tree: PopulationTree) -> Scope:
    """Find the tests that concern a statement of changes, in the form of tests of pairs."""
    nothing = evidence.pairs.iloc[:0]
    cases, reason = _cases(readout, setting)
    if reason:
        return Scope(nothing, reason=reason)
    kind = TESTS_OF.get(readout["readout"])
    if kind is None or readout["direction"] not in ("up", "down"):
        return Scope(nothing, cases, f"no test yet for the readout {readout['readout']} ({readout['direction']})")
    rows = {"composition": _shares, "units": _units, "pairs": _pairs}[kind](readout, evidence, tree)
    if not len(rows):
        return Scope(nothing, cases, f"not measured here: {readout['readout']} of {readout['population']}")
    return Scope(rows[_case_of(rows).isin(cases)], cases)


def present_verdict(
    readout: Mapping[str, str], evidence: Evidence, setting: Setting, tree: PopulationTree
) -> tuple[str, str, str] | None:
    """Judge a statement that something is there: verdict, reason and evidence; None where it is about a change."""
    if readout["direction"] != "present":
        return None
    cases, reason = _cases(readout, setting)
    if reason:
        return "untestable", reason, ""
    if readout["readout"] == "presence":
        return _population_there(readout, evidence, tree, cases)
    if readout["readout"] == "family_of_pairs":
        there = _pairs(readout, evidence, tree)
        ends = (there["present_ligand"].astype(str) == "present") & (there["present_receptor"].astype(str) == "present")
        return _found(there, ends & there["case"].isin(cases), "pairs of which both ends are there", "interaction_id")
    if readout["readout"] == "expressed":
        there = _units(readout, evidence, tree)
        ends = (there["presence"].astype(str) == "present") & there["case"].isin(cases)
        return _found(there, ends, f"populations with more of {readout['genes_human']} than leakage explains", "sender")
    return "untestable", f"no test yet for the readout {readout['readout']} (present)", ""


def _found(rows: pd.DataFrame, there: pd.Series, what: str, column: str) -> tuple[str, str, str]:
    if not len(rows):
        return "untestable", "not measured here: the genes or the populations are not in the tables", ""
    names = sorted({str(name) for name in rows.loc[there, column]})
    if not names:
        return "silent", f"none found: no {what}", ""
    shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return "supports", "", f"consistent with the statement: {len(names)} {what} ({shown})"


def _population_there(
    readout: Mapping[str, str], evidence: Evidence, tree: PopulationTree, cases: Collection[str]
) -> tuple[str, str, str]:
    """Look each population up that must be there; ``+`` asks for all of them."""
    table = evidence.composition
    table = table[table["contrast_type"].astype(str) == "condition"]
    shares = pd.concat([
        table[["cell_type", "case", "mean_case"]].set_axis(["cell_type", "condition", "share"], axis=1),
        table[["cell_type", "reference", "mean_reference"]].set_axis(["cell_type", "condition", "share"], axis=1),
    ]).drop_duplicates()  # fmt: skip
    shares = shares[shares["condition"].isin(cases)]
    said = []
    for wanted in readout["population"].split("+"):
        covered = _covered(wanted, tree)
        own = shares[shares["cell_type"].isin(covered)] if covered is not None else shares
        if not len(own):
            return "untestable", f"not measured here: no cells are named {wanted.replace('|', ' or ')}", ""
        share = float(own.groupby("condition")["share"].sum().max())
        if share < MIN_SHARE:
            return (
                "silent",
                f"{wanted} is {share:.2%} of the cells, too few to be distinguished from misnamed cells",
                "",
            )
        said.append(f"{wanted} is {share:.1%} of the cells")
    return "supports", "", f"consistent with the statement: {', '.join(said)}"


def _cases(readout: Mapping[str, str], setting: Setting) -> tuple[tuple[str, ...], str]:
    """Return the conditions that a readout is about, or why this dataset has none."""
    tissues = words(readout["tissue"])
    if ANY not in tissues and setting.compartment not in tissues:
        return (), f"compartment differs: the statement is on {', '.join(tissues)}, the data on {setting.compartment}"
    wanted, phases = set(words(readout["condition"])), set(words(readout["phase"]))
    naive = bool(wanted & PAINLESS)
    cases = []
    for condition, model in setting.models.items():
        if model not in wanted and ANY not in wanted and not (naive and model in PAINLESS):
            continue
        if ANY in wanted and model in PAINLESS and readout["direction"] != "present":
            continue
        phase = setting.phases.get(condition, "")
        if ANY in phases or phase in phases or (not phase and phases >= {"early", "late"}):
            cases.append(condition)
    if cases:
        return tuple(cases), ""
    during = "" if ANY in phases else f" ({', '.join(sorted(phases))} phase)"
    there = ", ".join(sorted(set(setting.models.values())))
    return (), f"no such condition: the statement is on {', '.join(sorted(wanted))}{during}, the data has {there}"


def _covered(stated: str, tree: PopulationTree) -> set[str] | None:
    """Return all populations that a cell of the table of readouts covers; None for any."""
    named = [name for name in re.split(r"[|+]", stated) if name]
    if not named or ANY in named:
        return None
    return {below for name in named for below in (name, *tree.descendants(name))}


def _shares(readout: Mapping[str, str], evidence: Evidence, tree: PopulationTree) -> pd.DataFrame:
    rows = _of(evidence.composition, "cell_type", _covered(readout["population"], tree))
    return rows.assign(sender=rows["cell_type"], receiver="", interaction_id="share of cells", flags="")


def _units(readout: Mapping[str, str], evidence: Evidence, tree: PopulationTree) -> pd.DataFrame:
    rows = _of(evidence.units, "population", _covered(readout["population"], tree))
    genes = {gene_logic.canonical(readout[side]) for side in ("genes_mouse", "genes_human")}
    names = {unit: gene_logic.canonical(str(unit)) in genes for unit in rows["unit"].unique()}
    rows = rows[rows["unit"].map(names).astype(bool)]
    # A gene that is both ligand and receptor is duplicated with the same test.
    keys = ["contrast_type", "case", "reference", "stratum", "population", "unit"]
    rows = rows.drop_duplicates(keys)
    return rows.assign(sender=rows["population"], receiver="", interaction_id=rows["unit"])


def _pairs(readout: Mapping[str, str], evidence: Evidence, tree: PopulationTree) -> pd.DataFrame:
    rows = _of(evidence.pairs, "sender", _covered(readout["population"], tree))
    rows = _of(rows, "receiver", _covered(readout["partner"], tree))
    if readout["family"] == ANY:
        return rows
    members = evidence.families.get(readout["family"], ())
    own = {pair: pair_key(*str(pair).split(":", 1)) in members for pair in rows["interaction_id"].unique()}
    return rows[rows["interaction_id"].map(own).astype(bool)]


def _of(rows: pd.DataFrame, column: str, covered: Collection[str] | None) -> pd.DataFrame:
    return rows if covered is None else rows[rows[column].isin(covered)]


def _case_of(rows: pd.DataFrame) -> pd.Series:
    """Return the condition of each test; an interaction writes it with the sex."""
    case = rows["case"].astype(str)
    return case.str.rsplit(":", n=1).str[0].where(rows["contrast_type"].astype(str) == "interaction", case)
