"""Which interactions can be compared between which cell types, and why not the others.

The fits of a model as rows of the table of contrasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from dolor.contrasts.decomposition import DRIVERS, Split
from dolor.contrasts.expression_array import Supply
from dolor.contrasts.interaction_tests import Answers, Raw, moderated_tests
from dolor.contrasts.linear.models import Model
from dolor.core.categories import category
from dolor.core.errors import DataError
from dolor.core.tables import STATUSES

__all__ = ["Eligibility", "contrast_table", "eligibility_of"]


@dataclass(frozen=True)
class Eligibility:
    """``code`` (senders × receivers × interactions) points into ``reasons``; 0, the empty reason, is eligible."""

    code: NDArray[np.int16]
    reasons: tuple[str, ...]


def eligibility_of(
    supply: Supply, ligands: Sequence[str], receptors: Sequence[str], min_detection: float
) -> Eligibility:
    """Find the interactions whose ligand and receptor are measured, and detected in sender and receiver.

    Detection is judged over all replicates together: a gate on single samples loses cytokines and their receptors.

    Parameters
    ----------
    supply
        Expression of units by replicates and cell types.
    ligands, receptors
        Gene logic of each interaction.
    min_detection
        Smallest part of the cells that must detect a unit.

    Returns
    -------
    A code for each sender, receiver and interaction, and what the codes mean.

    Raises
    ------
    dolor.core.errors.DataError
        There are no interactions.
    """
    if not ligands:
        raise DataError("there are no interactions to compare: the table of ligand-receptor pairs has no rows")
    reasons = [""]
    code = np.zeros((len(supply.cell_types), len(supply.cell_types), len(ligands)), dtype=np.int16)
    detected = (supply.detection > 0) & (supply.detection >= min_detection)
    for side, units in (("receptor", receptors), ("ligand", ligands)):
        reasons.append(f"{side} detected in less than {min_detection:.3g} of the cells")
        columns = np.array([supply.units[unit] for unit in units], dtype=np.intp)
        lacking = ~detected[:, columns]
        code[lacking[:, None, :] & (code == 0) if side == "ligand" else lacking[None] & (code == 0)] = len(reasons) - 1
    for side, units in (("receptor", receptors), ("ligand", ligands)):
        for interaction, unit in enumerate(units):
            if unit in supply.missing_genes:
                reason = f"{side} not measured: {supply.missing_genes[unit]}"
                if reason not in reasons:
                    reasons.append(reason)
                code[:, :, interaction] = reasons.index(reason)
    return Eligibility(code, tuple(reasons))


Codes = NDArray[np.signedinteger]

_FLAGS = ("low_detection", "few_cells", "proxy", "sex_unconfirmed")
_NO_VARIATION = "the replicates do not vary, as if they were copies of one sample"
LOW_DETECTION = 0.05
FEW_CELLS = 10


def contrast_table(
    dataset_id: str,
    model: Model,
    supply: Supply,
    interactions: pd.DataFrame,
    answers: Sequence[Sequence[Answers]],
    eligibility: Eligibility,
    raw: Raw,
    split: Split,
) -> pd.DataFrame:
    """Lay out the fits of one model, one row a (comparison, sender, receiver, interaction).

    Text columns are categorical: a table of millions of rows repeats few words.

    Returns
    -------
    The columns of :data:`dolor.core.tables.CONTRASTS`.
    """
    shape = raw.effect.shape
    status, reason, reasons = _status(model, answers, eligibility)
    tested = status == STATUSES.index("tested")
    conditions = sum(c.between_conditions for c in model.comparisons)
    tests = moderated_tests(raw, tested, conditions)
    constant = tested & np.isnan(tests.pvalue)
    if constant.any():
        tested &= ~constant
        status[constant], reason[constant] = STATUSES.index("described"), len(reasons)
        reasons.append(_NO_VARIATION)
    ligand = np.array([supply.units[name] for name in interactions["ligand"].astype(str)], dtype=np.intp)
    sizes = np.array([[[a.n_case, a.n_reference] for a in row] for row in answers], dtype=np.int32)
    sizes = sizes.transpose(2, 3, 0, 1)[..., None]

    def numbers(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.broadcast_to(values, shape).ravel()

    def words(names: Sequence[str], axis: int) -> ExtensionArray:
        along = np.arange(len(names)).reshape([-1 if i == axis else 1 for i in range(4)])
        return category(along, names, shape)

    columns: dict[str, object] = {"dataset_id": words([dataset_id], 0)}
    for name in ("contrast_type", "case", "reference", "stratum"):
        columns[name] = words([getattr(c, name) for c in model.comparisons], 0)
    columns |= {"sender": words(supply.cell_types, 1), "receiver": words(supply.cell_types, 2)}
    for name in ("interaction_id", "ligand", "receptor"):
        columns[name] = words(interactions[name].astype(str).tolist(), 3)
    columns |= {
        "effect": raw.effect.ravel(),
        "se": tests.se.ravel(),
        "statistic": tests.statistic.ravel(),
        "df": np.where(tested, tests.df, np.nan).ravel(),
        "pvalue": tests.pvalue.ravel(),
        "qvalue": tests.qvalue.ravel(),
        "qvalue_stagewise": tests.stagewise.ravel(),
        "n_case": numbers(sizes[0]),
        "n_reference": numbers(sizes[1]),
        "infiltration": numbers(split.infiltration[:, :, None, None]),
        "infiltration_se": numbers(split.infiltration_se[:, :, None, None]),
        "per_cell": numbers(split.per_cell[:, :, None, ligand]),
        "per_cell_se": numbers(split.per_cell_se[:, :, None, ligand]),
        "driver": category(split.driver[:, :, None, ligand], DRIVERS, shape),
        "status": category(status, STATUSES, shape),
        "reason": category(reason, reasons, shape),
        "flags": _flags(model, supply, interactions, shape),
    }
    if conditions > 1:
        about_condition = np.array([c.between_conditions for c in model.comparisons])
        omnibus = np.where(about_condition[:, None, None, None] & tested, tests.omnibus, np.nan)
        columns["omnibus_pvalue"] = omnibus.ravel()
    return pd.DataFrame(columns, copy=False)


def _status(
    model: Model, answers: Sequence[Sequence[Answers]], eligibility: Eligibility
) -> tuple[Codes, Codes, list[str]]:
    """Return the status and the reason of every row as codes, and the words of the reasons."""
    reasons = list(eligibility.reasons)
    reasons += sorted({reason for row in answers for a in row for reason in a.reason} - set(reasons))
    if model.note not in reasons:
        reasons.append(model.note)
    place = {reason: code for code, reason in enumerate(reasons)}
    # Axes of the comprehensions are sender, receiver, comparison.
    status = np.array(
        [[np.where(a.testable, 0, np.where(a.estimable, 1, 2)) for a in row] for row in answers], dtype=np.int8
    )
    why = np.array(
        [[[place[reason or model.note] for reason in a.reason] for a in row] for row in answers], dtype=np.int16
    )
    excluded = eligibility.code[None] > 0
    full_status = np.where(excluded, np.int8(2), status.transpose(2, 0, 1)[..., None])
    full_reason = np.where(excluded, eligibility.code[None], why.transpose(2, 0, 1)[..., None])
    return full_status, full_reason, reasons


def _flags(model: Model, supply: Supply, interactions: pd.DataFrame, shape: tuple[int, ...]) -> ExtensionArray:
    """Flag what a reader must be careful about; the words are joined with ';'."""
    ligand, receptor = (
        np.array([supply.units[name] for name in interactions[side].astype(str)], dtype=np.intp)
        for side in ("ligand", "receptor")
    )
    rare = supply.detection < LOW_DETECTION
    present = np.where(supply.cells > 0, supply.cells, np.nan)
    few = np.nanmedian(present, axis=0) < FEW_CELLS
    proxy = (
        (interactions["ligand_proxy"].astype(str) != "").to_numpy()
        if "ligand_proxy" in interactions
        else np.zeros(len(interactions), dtype=bool)
    )
    unsure = np.array([bool(model.note) and "sex" in c.contrast_type for c in model.comparisons])
    uncertain = rare[:, ligand][:, None, :] | rare[:, receptor][None]
    code = uncertain.astype(np.int8) + 2 * (few[:, None] | few[None])[:, :, None] + 4 * proxy
    code = (code[None] + 8 * unsure[:, None, None, None]).astype(np.int8)
    names = [";".join(word for bit, word in enumerate(_FLAGS) if number >> bit & 1) for number in range(16)]
    return category(code, names, shape)
