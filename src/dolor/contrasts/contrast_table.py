"""The table of contrasts: pairs of sender and receiver, joined from the tests of their ligands and receptors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from dolor.contrasts.decomposition import DRIVERS, Split
from dolor.contrasts.expression_array import Supply
from dolor.contrasts.linear.answers import Answers
from dolor.contrasts.linear.models import Model
from dolor.contrasts.unit_arrays import OF_ANSWERS, UnitArrays, untested_codes
from dolor.core.categories import category
from dolor.core.reasons import Reason, sentence
from dolor.core.tables import STATUSES
from dolor.core.thresholds import FDR, FEW_CELLS, LOW_DETECTION
from dolor.pseudobulk.presence import Status

__all__ = ["changed_effect", "contrast_table"]

Floats = NDArray[np.float64]
Codes = NDArray[np.signedinteger]
Bools = NDArray[np.bool_]

_FLAGS = ("low_detection", "few_cells", "proxy", "sex_unconfirmed", "leakage_unknown", "discordant", "paired_donors")
PRESENCE = ("not_judged", "unknown", "absent", "present")
SIDES = ("none", "ligand", "receptor", "both")
_TESTED, _DESCRIBED, _UNTESTABLE, _ABSENT = (STATUSES.index(n) for n in ("tested", "described", "untestable", "absent"))
_PLACE = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True)
class _Pairs:
    """M × T × T × I, joined from units: what a comparison says of every pair."""

    effect: Floats
    se: Floats
    statistic: Floats
    df: Floats
    pvalue: Floats
    qvalue: Floats
    side: NDArray[np.int8]
    discordant: Bools


def contrast_table(
    dataset_id: str,
    model: Model,
    supply: Supply,
    interactions: pd.DataFrame,
    found: UnitArrays,
    split: Split,
    level: float = FDR,
) -> pd.DataFrame:
    """Lay out the pairs of one model, one row per (comparison, sender, receiver, interaction).

    Text columns are categorical: a table of millions of rows repeats few words.

    Parameters
    ----------
    dataset_id
        Name of the dataset.
    model
        Design and M comparisons.
    supply
        Expression of the dataset, for detection and numbers of cells.
    interactions
        I pairs.
    found
        Presence and tests of the units.
    split
        Change of the share of cells and of expression per cell.
    level
        A side has changed if its q-value is below.

    Returns
    -------
    The columns of :data:`dolor.core.tables.CONTRASTS`.
    """
    ligand, receptor = _units_of(supply, interactions)
    shape = (len(model.comparisons), len(supply.cell_types), len(supply.cell_types), len(ligand))
    ends = np.array([found.presence_of(m) for m in range(shape[0])])
    together = _together(found, ligand, receptor)
    pairs = _joined(found, ligand, receptor, together, level)
    status, code = _status(found, ends, together, (ligand, receptor), pairs)
    sizes = [_sizes(found.answers, name) for name in ("n_case", "n_reference")]

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
    columns |= {name: getattr(pairs, name).ravel() for name in ("effect", "se", "statistic", "df", "pvalue", "qvalue")}
    columns |= {
        "n_case": numbers(sizes[0]),
        "n_reference": numbers(sizes[1]),
        "infiltration": numbers(split.infiltration[:, :, None, None]),
        "infiltration_se": numbers(split.infiltration_se[:, :, None, None]),
        "per_cell": numbers(split.per_cell[:, :, None, ligand]),
        "per_cell_se": numbers(split.per_cell_se[:, :, None, ligand]),
        "driver": category(split.driver[:, :, None, ligand], DRIVERS, shape),
        "status": category(status, STATUSES, shape),
        "reason_code": category(code, [str(reason) for reason in Reason], shape),
        "reason": _reasons(code, found.answers, model, supply, interactions),
        "flags": _flags(model, supply, interactions, ends, pairs.discordant),
        "changed_side": category(pairs.side, SIDES, shape),
        "present_ligand": category(ends[:, :, None, ligand], PRESENCE, shape),
        "present_receptor": category(ends[:, None][..., receptor], PRESENCE, shape),
    }
    for name in ("effect", "se"):
        columns[f"{name}_ligand"] = numbers(getattr(found, name)[:, :, None, ligand])
        columns[f"{name}_receptor"] = numbers(getattr(found, name)[:, None][..., receptor])
    if sum(c.between_conditions for c in model.comparisons) > 1:
        of_units = np.fmin(found.omnibus[:, None, ligand], found.omnibus[None][..., receptor])
        about_condition = np.array([c.between_conditions for c in model.comparisons])[:, None, None, None]
        joined = np.where(about_condition & (status == _TESTED), np.minimum(2 * of_units, 1.0), np.nan)
        columns["omnibus_pvalue"] = joined.ravel()
    return pd.DataFrame(columns, copy=False)


def changed_effect(contrasts: pd.DataFrame) -> Floats:
    """Return for each pair the log2 change of the end that has changed, for a reader who wants one number.

    Parameters
    ----------
    contrasts
        Rows of the table of contrasts. Without ``changed_side`` (:func:`dolor.tl.from_de`), ``effect`` is returned.

    Returns
    -------
    The change of the changed end; where both have changed alike or none has, the mean of both, or the one that is
    known; 0 where both have changed in opposite directions.
    """
    effect = contrasts["effect"].to_numpy(dtype=float)
    if "changed_side" not in contrasts.columns:
        return effect
    side = contrasts["changed_side"].astype(str)
    ligand, receptor = (contrasts[f"effect_{end}"].to_numpy(dtype=float) for end in ("ligand", "receptor"))
    changed = np.select([side == "ligand", side == "receptor"], [ligand, receptor], default=effect)
    known = np.where(np.isnan(changed), np.where(np.isnan(ligand), receptor, ligand), changed)
    return np.where((side == "both") & (ligand * receptor < 0), 0.0, known)


def _units_of(supply: Supply, interactions: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of the ligands and of the receptors among the units."""
    ligand, receptor = (
        np.array([supply.units[name] for name in interactions[side].astype(str)], dtype=np.intp)
        for side in ("ligand", "receptor")
    )
    return ligand, receptor


def _together(found: UnitArrays, ligand: NDArray[np.intp], receptor: NDArray[np.intp]) -> Bools:
    """Return where both ends are present, or not known to be absent, in the same compared group."""
    shape = (len(found.groups), found.status.shape[1], found.status.shape[1], len(ligand))
    result = np.zeros(shape, dtype=bool)
    there = (found.status == Status.PRESENT) | (found.status == Status.UNKNOWN)
    for comparison, groups in enumerate(found.groups):
        for group in groups:
            result[comparison] |= there[group][:, None, ligand] & there[group][None][..., receptor]
    return result


def _joined(
    found: UnitArrays, ligand: NDArray[np.intp], receptor: NDArray[np.intp], together: Bools, level: float
) -> _Pairs:
    """Join the tests of units: twice the smaller p-value, valid under any dependence, and the smaller q-value."""

    def both(values: Floats) -> tuple[Floats, Floats]:
        return values[:, :, None, ligand], values[:, None][..., receptor]

    p_ligand, p_receptor = (np.where(together, side, np.nan) for side in both(found.pvalue))
    q_ligand, q_receptor = (np.where(together, side, np.nan) for side in both(found.qvalue))
    first = np.nan_to_num(p_ligand, nan=2.0) <= np.nan_to_num(p_receptor, nan=2.0)
    effects, errors = both(found.effect), both(found.se)
    with np.errstate(invalid="ignore"):
        changed = [side < level for side in (q_ligand, q_receptor)]
        opposite = effects[0] * effects[1] < 0
    tested = np.isfinite(p_ligand) | np.isfinite(p_receptor)
    return _Pairs(
        effect=(effects[0] + effects[1]) / 2,
        se=np.sqrt(errors[0] ** 2 + errors[1] ** 2) / 2,
        statistic=np.where(tested, np.where(first, *both(found.statistic)), np.nan),
        df=np.where(tested, np.where(first, *both(found.df)), np.nan),
        pvalue=np.minimum(2 * np.fmin(p_ligand, p_receptor), 1.0),
        qvalue=np.fmin(q_ligand, q_receptor),
        side=(changed[0] + 2 * changed[1].astype(np.int8)).astype(np.int8),
        discordant=changed[0] & changed[1] & opposite,
    )


def _status(
    found: UnitArrays,
    ends: NDArray[np.int8],
    together: Bools,
    units: tuple[NDArray[np.intp], NDArray[np.intp]],
    pairs: _Pairs,
) -> tuple[Codes, Codes]:
    """Return the status of every row and the place of its reason in :class:`Reason`."""
    ligand, receptor = units
    known = untested_codes(found)
    of_ligand, of_receptor = known[:, :, None, ligand], known[:, None][..., receptor]
    not_measured = _PLACE[Reason.NOT_MEASURED]
    code = np.where((of_receptor == not_measured) | (of_ligand == 0), of_receptor, of_ligand).astype(np.int8)
    no_ligand, no_receptor = ends[:, :, None, ligand] == Status.ABSENT, ends[:, None][..., receptor] == Status.ABSENT
    judged = (ends[:, :, None, ligand] != Status.NOT_JUDGED) & (ends[:, None][..., receptor] != Status.NOT_JUDGED)
    absent = no_ligand | no_receptor | (judged & ~together)
    status = np.where(np.isfinite(pairs.effect), _DESCRIBED, _UNTESTABLE).astype(np.int8)
    tested = np.isfinite(pairs.pvalue)
    status[tested], code[tested] = _TESTED, 0
    status[absent] = _ABSENT
    code[absent] = _PLACE[Reason.NOT_TOGETHER]
    for where, reason in (
        (no_ligand, Reason.LIGAND_ABSENT),
        (no_receptor, Reason.RECEPTOR_ABSENT),
        (no_ligand & no_receptor, Reason.BOTH_ABSENT),
    ):
        code[np.broadcast_to(where, code.shape)] = _PLACE[reason]
    lacking = np.broadcast_to((of_ligand == not_measured) | (of_receptor == not_measured), code.shape)
    status[lacking], code[lacking] = _UNTESTABLE, not_measured
    return status, code


def _sizes(answers: Sequence[Answers], name: str) -> NDArray[np.int32]:
    """Return the number of samples of each comparison that have both populations at most, M × T × T × 1."""
    of_type = np.array([getattr(answer, name) for answer in answers], dtype=np.int32).T
    return np.minimum(of_type[:, :, None], of_type[:, None, :])[..., None]


def _reasons(
    code: Codes, answers: Sequence[Answers], model: Model, supply: Supply, interactions: pd.DataFrame
) -> ExtensionArray:
    """Return the reasons in words."""
    texts: dict[str, int] = {}

    def place(text: str) -> int:
        return texts.setdefault(text, len(texts))

    of_code = np.array([place(sentence(reason) if reason else model.note) for reason in Reason], dtype=np.int16)
    result = of_code[code]
    of_answers = np.isin(code, [_PLACE[reason] for reason in OF_ANSWERS])
    for m, s, r in np.ndindex(*code.shape[:3]):
        answer = answers[s] if answers[s].code[m] else answers[r]
        if answer.code[m]:
            result[m, s, r][of_answers[m, s, r]] = place(answer.reason[m])
    for i, (ligand, receptor) in enumerate(zip(interactions["ligand"], interactions["receptor"], strict=True)):
        lacking = [supply.missing_genes[unit] for unit in (str(ligand), str(receptor)) if unit in supply.missing_genes]
        if lacking:
            result[..., i] = place(sentence(Reason.NOT_MEASURED, ", ".join(lacking)))
    return category(result, list(texts), code.shape)


def _flags(
    model: Model, supply: Supply, interactions: pd.DataFrame, ends: NDArray[np.int8], discordant: Bools
) -> ExtensionArray:
    """Flag what a reader must be careful about; the words are joined with ';'."""
    ligand, receptor = _units_of(supply, interactions)
    rare = supply.detection < LOW_DETECTION
    few = np.nanmedian(np.where(supply.cells > 0, supply.cells, np.nan), axis=0) < FEW_CELLS
    proxy = (
        (interactions["ligand_proxy"].astype(str) != "").to_numpy()
        if "ligand_proxy" in interactions
        else np.zeros(len(interactions), dtype=bool)
    )
    unsure = np.array([bool(model.note) and "sex" in c.contrast_type for c in model.comparisons])
    unknown = ends == Status.UNKNOWN
    raised = (
        rare[:, ligand][:, None, :] | rare[:, receptor][None],
        (few[:, None] | few[None])[:, :, None],
        proxy,
        unsure[:, None, None, None],
        unknown[:, :, None, ligand] | unknown[:, None][..., receptor],
        discordant,
        np.asarray(model.blocks is not None),
    )
    code = np.zeros(discordant.shape, dtype=np.int16)
    for bit, flag in enumerate(raised):
        code |= (np.asarray(flag).astype(np.int16) << bit).astype(np.int16)
    names = [";".join(word for bit, word in enumerate(_FLAGS) if n >> bit & 1) for n in range(1 << len(_FLAGS))]
    return category(code, names, code.shape)
