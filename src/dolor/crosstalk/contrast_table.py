"""The fits of a model as rows of the table of contrasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contracts.tables import STATUSES
from dolor.crosstalk.driver import DRIVERS, Split
from dolor.crosstalk.eligibility import Eligibility
from dolor.crosstalk.interaction_tests import Answers, Raw, test_statistics
from dolor.crosstalk.models import Model
from dolor.crosstalk.multiple_testing import benjamini_hochberg
from dolor.crosstalk.supply import Supply

__all__ = ["contrast_table"]

Codes = NDArray[np.int32]

_FLAGS = ("low_detection", "few_cells", "proxy", "sex_unconfirmed")
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
    The columns of :data:`dolor.contracts.tables.CONTRASTS`.
    """
    shape = raw.effect.shape
    se, statistic, pvalue, df = test_statistics(raw)
    status, reason, reasons = _status(model, answers, eligibility)
    untested = status != STATUSES.index("tested")
    for values in (se, statistic, pvalue):
        values[untested] = np.nan
    ligand = np.array([supply.units[name] for name in interactions["ligand"].astype(str)], dtype=np.intp)
    sizes = np.array([[[a.n_case, a.n_reference] for a in row] for row in answers], dtype=np.int32)
    qvalue = np.stack([benjamini_hochberg(p.ravel()) for p in pvalue])

    def words(codes: NDArray[np.signedinteger], axes: tuple[int, ...], names: Sequence[str]) -> pd.Categorical:
        return _category(np.broadcast_to(_along(codes, axes), shape), names)

    def numbers(values: NDArray[np.generic], axes: tuple[int, ...]) -> NDArray[np.generic]:
        return np.broadcast_to(_along(values, axes), shape).ravel()

    comparison, cell_type, interaction = (np.arange(shape[axis]) for axis in (0, 1, 3))
    named = {
        name: words(comparison, (0,), [getattr(c, name) for c in model.comparisons])
        for name in ("contrast_type", "case", "reference", "stratum")
    }
    paired = {
        name: words(interaction, (3,), interactions[name].astype(str).tolist())
        for name in ("interaction_id", "ligand", "receptor")
    }
    return pd.DataFrame({
        "dataset_id": words(np.zeros(1, dtype=np.int8), (0,), [dataset_id]),
        **named,
        "sender": words(cell_type, (1,), supply.cell_types),
        "receiver": words(cell_type, (2,), supply.cell_types),
        **paired,
        "effect": raw.effect.ravel(),
        "se": se.ravel(),
        "statistic": statistic.ravel(),
        "df": np.where(untested, np.nan, df).ravel(),
        "pvalue": pvalue.ravel(),
        "qvalue": qvalue.ravel(),
        "n_case": numbers(sizes[:, :, 0], (1, 2, 0)),
        "n_reference": numbers(sizes[:, :, 1], (1, 2, 0)),
        "infiltration": numbers(split.infiltration, (0, 1)),
        "per_cell": numbers(split.per_cell[:, :, ligand], (0, 1, 3)),
        "driver": words(split.driver[:, :, ligand], (0, 1, 3), DRIVERS),
        "status": _category(status, STATUSES),
        "reason": _category(reason, reasons),
        "flags": _flags(model, supply, interactions, shape),
    }, copy=False)  # fmt: skip


def _along(values: NDArray[np.generic], axes: tuple[int, ...]) -> NDArray[np.generic]:
    """Give an array the four axes (comparison, sender, receiver, interaction), its own being at ``axes``."""
    order = np.argsort(axes)
    shape = [1, 1, 1, 1]
    for axis, size in zip(sorted(axes), np.array(values.shape)[order], strict=True):
        shape[axis] = size
    return values.transpose(order).reshape(shape)


def _category(codes: NDArray[np.signedinteger], names: Sequence[str]) -> pd.Categorical:
    """Turn codes into a categorical of the distinct names in alphabetical order."""
    flat = codes.ravel()
    used = np.flatnonzero(np.bincount(flat, minlength=len(names)))
    distinct = sorted({names[int(code)] for code in used})
    place = {name: i for i, name in enumerate(distinct)}
    translation = np.array([place.get(name, -1) for name in names], dtype=np.int32)
    dtype = pd.CategoricalDtype(distinct)
    return pd.Categorical.from_codes(translation[flat], dtype=dtype, validate=False)


def _status(
    model: Model, answers: Sequence[Sequence[Answers]], eligibility: Eligibility
) -> tuple[Codes, Codes, list[str]]:
    """Return the status and the reason of every row as codes, and the words of the reasons."""
    reasons = list(eligibility.reasons)
    reasons += sorted({reason for row in answers for a in row for reason in a.reason} - set(reasons))
    if model.note not in reasons:
        reasons.append(model.note)
    place = {reason: code for code, reason in enumerate(reasons)}
    # Axes of the comprehension are sender, receiver, comparison.
    status = np.array([[np.where(a.testable, 0, np.where(a.estimable, 1, 2)) for a in row] for row in answers])
    why = np.array([[[place[reason or model.note] for reason in a.reason] for a in row] for row in answers])
    excluded = eligibility.code[None] > 0
    full_status = np.where(excluded, 2, status.transpose(2, 0, 1)[..., None]).astype(np.int32)
    full_reason = np.where(excluded, eligibility.code[None], why.transpose(2, 0, 1)[..., None]).astype(np.int32)
    return full_status, full_reason, reasons


def _flags(model: Model, supply: Supply, interactions: pd.DataFrame, shape: tuple[int, ...]) -> pd.Categorical:
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
    code = (
        1 * (rare[:, ligand][:, None, :] | rare[:, receptor][None])
        + 2 * (few[:, None] | few[None])[:, :, None]
        + 4 * proxy
    )[None] + 8 * unsure[:, None, None, None]
    names = [";".join(word for bit, word in enumerate(_FLAGS) if number >> bit & 1) for number in range(16)]
    return _category(np.broadcast_to(code, shape), names)
