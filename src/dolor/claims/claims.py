"""Each statement of the review, held against the contrasts: supported, opposed, silent, or untestable and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from dolor.claims.beyond_pairs import Evidence, as_statement, not_observable, present_verdict, scope_of_readout
from dolor.claims.scope import PopulationTree, Setting, pair_key, scope_of
from dolor.claims.verdicts import Look, look, looks_needed, verdict_of
from dolor.contrasts.contrast_table import changed_effect
from dolor.core.errors import DataError
from dolor.core.multiple_testing import benjamini_hochberg
from dolor.core.tables import CLAIMS, COMPOSITION, CONTRASTS, UNIT_CHANGES, Table, check

__all__ = ["claims"]


def claims(
    contrasts: pd.DataFrame,
    mediators: pd.DataFrame,
    tree: PopulationTree,
    settings: Mapping[str, Setting],
    *,
    readouts: pd.DataFrame | None = None,
    units: pd.DataFrame | None = None,
    composition: pd.DataFrame | None = None,
    level: float = 0.05,
) -> pd.DataFrame:
    """Look every statement of the catalog up in every data set.

    Parameters
    ----------
    contrasts
        Table of :func:`dolor.contrasts.contrast.contrast`.
    mediators
        The catalog, one row a statement (:func:`dolor.knowledge.catalog.mediators`).
    tree
        The tree of populations.
    settings
        For each ``dataset_id``: its compartment, and the pain model of each condition.
    readouts
        What data can show of each statement (:func:`dolor.knowledge.readouts.readouts`); without it, only statements
        that name a pair are judged.
    units, composition
        Tables of :func:`dolor.tl.unit_changes` and of the composition of the same data sets.
    level
        Largest q-value that counts as a change.

    Returns
    -------
    One row a (statement, data set), columns of :data:`dolor.core.tables.CLAIMS`. ``qvalue`` is Benjamini-Hochberg
    over the statements of a data set, of Simes' p-value over all tests that speak to a statement, so that a statement
    about many populations has no better chance than one about few. ``effect``, ``sender`` and ``receiver`` are those of
    the strongest test. ``evidence`` tells the numbers, ``reason`` why the verdict is not clearer.

    Raises
    ------
    dolor.core.errors.DataError
        A data set of the contrasts has no setting, or a table is not of the required form.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80)
    >>> cells = study.cells
    >>> cells.obs["cell_type"] = cells.obs["truth_class"]
    >>> pairs = dl.catalog.interactions("mouse")
    >>> profiles = dl.tl.profiles(cells, pairs)
    >>> found = dl.tl.contrast(profiles, pairs, reference={"condition": "naive"})
    >>> setting = dl.tl.Setting("drg", {"naive": "naive", "injured": "nerve_injury"})
    >>> mediators, tree = dl.catalog.mediators(), dl.populations.tree()
    >>> verdicts = claims(found, mediators, tree, {"simulated_drg": setting})
    >>> list(verdicts["claim_id"]) == list(mediators["id"])
    True
    >>> bool(verdicts.loc[verdicts["verdict"] == "untestable", "reason"].ne("").all())
    True
    """
    check(contrasts, CONTRASTS)
    names = sorted(contrasts["dataset_id"].astype(str).unique())
    unknown = [name for name in names if name not in settings]
    if unknown:
        raise DataError(
            f"the data set(s) {', '.join(unknown)} of the contrasts have no setting: give its compartment and models"
        )
    statements = [{str(name): str(text) for name, text in row.items()} for row in mediators.to_dict("records")]
    shown, families = _by_id(readouts), _families(statements)
    rows: list[dict[str, object]] = []
    for name in names:
        own = contrasts[contrasts["dataset_id"] == name]
        evidence = Evidence(own, _own(units, UNIT_CHANGES, name), _own(composition, COMPOSITION, name), families)
        rows += _of_dataset(name, evidence, statements, shown, tree, settings[name], level)
    return check(pd.DataFrame(rows, columns=list(CLAIMS.columns)), CLAIMS)


def _by_id(readouts: pd.DataFrame | None) -> dict[str, dict[str, str]]:
    if readouts is None:
        return {}
    return {str(row["id"]): {str(key): str(cell) for key, cell in row.items()} for row in readouts.to_dict("records")}


def _families(statements: list[dict[str, str]]) -> dict[str, set[str]]:
    """Return for each class of mediators the pairs of the catalog that belong to it."""
    families: dict[str, set[str]] = {}
    for row in statements:
        if row["ligand_human"] and row["receptor_human"]:
            families.setdefault(row["mediator_class"], set()).add(pair_key(row["ligand_human"], row["receptor_human"]))
    return families


def _own(table: pd.DataFrame | None, form: Table, name: str) -> pd.DataFrame:
    """Return the rows of one data set; none where no table is given."""
    if table is None:
        return pd.DataFrame(columns=list(form.columns))
    return check(table, form)[table["dataset_id"] == name]


def _of_dataset(
    name: str,
    evidence: Evidence,
    statements: list[dict[str, str]],
    shown: Mapping[str, Mapping[str, str]],
    tree: PopulationTree,
    setting: Setting,
    level: float,
) -> Iterator[dict[str, object]]:
    contrasts = evidence.pairs
    by_pair = {
        pair_key(*str(pair).split(":", 1)): rows for pair, rows in contrasts.groupby("interaction_id", observed=True)
    }
    types = {*contrasts["sender"].astype(str).unique(), *contrasts["receiver"].astype(str).unique()}
    judged, looks = [], []
    for statement in statements:
        readout = shown.get(statement["id"], {"readout": "pair"})
        told = _without_looking(statement, readout, evidence, setting, tree)
        if told is not None:
            needed: list[Look] = []
        elif readout["readout"] == "pair":
            scope = scope_of(statement, by_pair, types, setting, tree)
            needed = [look(scope, *each, level) for each in looks_needed(statement)]
        else:
            statement = as_statement(statement, readout)
            scope = scope_of_readout(readout, evidence, setting, tree)
            needed = [look(scope, *each, level) for each in looks_needed(statement)]
        judged.append((statement, told))
        looks.append(needed)
    qvalues = iter(benjamini_hochberg(np.array([each.pvalue for needed in looks for each in needed])))
    for (statement, told), needed in zip(judged, looks, strict=True):
        if told is not None:
            yield _told(name, statement, *told)
            continue
        filled = tuple(replace(each, qvalue=float(next(qvalues))) for each in needed)
        verdict, reason = verdict_of(statement, filled, level)
        yield _row(name, statement, filled, verdict, reason)


def _without_looking(
    statement: Mapping[str, str], readout: Mapping[str, str], evidence: Evidence, setting: Setting, tree: PopulationTree
) -> tuple[str, str, str] | None:
    """Judge what needs no test of a change: what cannot be observed, and what is only said to be there."""
    reason = not_observable(readout)
    if reason:
        return "not_observable", reason, ""
    return None if readout["readout"] == "pair" else present_verdict(readout, evidence, setting, tree)


def _told(name: str, statement: Mapping[str, str], verdict: str, reason: str, evidence: str) -> dict[str, object]:
    empty = dict.fromkeys(("sender", "receiver", "contrast_type", "stratum"), "")
    numbers = dict.fromkeys(("effect", "qvalue"), float("nan"))
    told = {"verdict": verdict, "evidence": evidence, "reason": reason}
    return {"claim_id": statement["id"], "dataset_id": name, **told, **empty, **numbers}


def _row(
    name: str, statement: Mapping[str, str], looks: tuple[Look, ...], verdict: str, reason: str
) -> dict[str, object]:
    deciding = looks[0]
    best = deciding.best
    return {
        "claim_id": statement["id"],
        "dataset_id": name,
        "verdict": verdict,
        "evidence": "; ".join(_evidence(each) for each in looks if each.best is not None),
        "reason": reason,
        "sender": "" if best is None else str(best["sender"]),
        "receiver": "" if best is None else str(best["receiver"]),
        "contrast_type": "" if best is None else deciding.contrast_type,
        "stratum": "" if best is None else deciding.stratum,
        "effect": np.nan if best is None else float(changed_effect(best.to_frame().T)[0]),
        "qvalue": deciding.qvalue,
    }


def _evidence(each: Look) -> str:
    """Write the strongest test as a sentence."""
    best = each.best
    if best is None:
        return ""
    within = f" in {each.stratum}" if each.stratum else ""
    between = f"{best['sender']} to {best['receiver']}" if best["receiver"] else str(best["sender"])
    return (
        f"{each.contrast_type}{within}: {between}, {best['interaction_id']}, "
        f"{best['case']} against {best['reference']}: log2 change {float(changed_effect(best.to_frame().T)[0]):+.2f} "
        f"(p {best['pvalue']:.2g}, q {best['qvalue']:.2g} among all tests; q {each.qvalue:.2g} among statements; "
        f"{best['n_case']} and {best['n_reference']} samples)"
    )
