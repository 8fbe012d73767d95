"""The rules of a registry entry, applied: somebody's columns, names and barcodes become fields of a sample."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dolor.errors import DataError

if TYPE_CHECKING:
    from dolor.knowledge.study import Rule, Study


def with_rules(obs: pd.DataFrame, study: Study, source: str) -> pd.DataFrame:
    """Fill the fields of the sample by the rules of a registry entry.

    Parameters
    ----------
    obs
        One row a cell, its barcode as the index. A column ``file`` names the member of an archive.
    study
        The entry.
    source
        Name of the file; rules may read it.

    Returns
    -------
    The same rows with the fields added, and ``condition_model``.

    Raises
    ------
    dolor.errors.DataError
        A column is missing, a pattern does not match, or a value is none that the entry lists.
    """
    filled = obs.copy()
    # A join and a pattern may read fields that other rules fill, a join those that patterns fill.
    for field, rule in sorted(study.rules.items(), key=lambda item: (bool(item[1].join), bool(item[1].pattern))):
        filled[field] = _apply(rule, field, obs, filled, source)
    for field, value in fields_of_file(study, source).items():
        filled[field] = value
    if "condition" not in filled.columns:
        raise DataError(f"{source}: the entry '{study.id}' does not say how the condition is read from it")
    models = {condition.value: condition.model for condition in study.conditions}
    filled["condition_model"] = filled["condition"].map(models).fillna("not_stated")
    return filled


def fields_of_file(study: Study, source: str) -> dict[str, str]:
    """Return what the entry says of every cell of this very file."""
    name = Path(source).name
    return next((file.fields for file in study.files if fnmatchcase(name, file.name)), {})


def kept_cells(obs: pd.DataFrame, study: Study, source: str) -> tuple[np.ndarray[Any, Any], dict[str, int]]:
    """Say which cells the entry keeps, by columns or fields as the file writes them.

    Returns
    -------
    keep
        One truth value a cell.
    dropped
        How many cells each column leaves out.
    """
    keep = np.ones(len(obs), dtype=bool)
    dropped = {}
    for column, values in study.keep.items():
        rule = study.rules.get(column)
        if column in obs.columns:
            found = obs[column].astype(str)
        elif rule is not None and (rule.pattern or rule.column):
            found = _apply(rule.model_copy(update={"values": {}}), column, obs, obs, source)
        else:
            raise DataError(f"{source}: obs has no column '{column}', by which the entry says which cells to keep")
        wanted = found.isin(values).to_numpy()
        dropped[f"{column} is not {' or '.join(values)}"] = int((keep & ~wanted).sum())
        keep &= wanted
    if not keep.any():
        raise DataError(f"{source}: none of its {len(obs)} cells is kept by the entry '{study.id}'")
    return keep, dropped


def _apply(rule: Rule, field: str, obs: pd.DataFrame, filled: pd.DataFrame, source: str) -> pd.Series[Any]:
    where = f"{source}: {field}"
    if rule.constant:
        return pd.Series(rule.constant, index=obs.index)
    if rule.join:
        return filled[list(rule.join)].astype(str).agg("_".join, axis=1)
    if rule.pattern:
        return _translate(_matched(rule, filled, obs, source, where), rule, where)
    if rule.column not in obs.columns:
        raise DataError(f"{where}: obs has no column '{rule.column}'; there are {', '.join(map(str, obs.columns))}")
    return _translate(obs[rule.column].astype(object).where(obs[rule.column].notna(), "").astype(str), rule, where)


def _matched(rule: Rule, filled: pd.DataFrame, obs: pd.DataFrame, source: str, where: str) -> pd.Series[Any]:
    file = pd.Series(Path(source).name, index=obs.index)
    texts = {
        "barcode": pd.Series(obs.index.astype(str), index=obs.index),
        "file": obs["file"].astype(str) if "file" in obs.columns else file,
        "sample_id": filled.get("sample_id", pd.Series("", index=obs.index)).astype(str),
    }[rule.source]
    found = texts.str.extract(re.compile(rule.pattern), expand=False)
    if found.isna().any():
        example = texts[found.isna()].iloc[0]
        raise DataError(f"{where}: the pattern {rule.pattern!r} does not match {example[:60]!r}")
    return found


def _translate(values: pd.Series[Any], rule: Rule, where: str) -> pd.Series[Any]:
    if not rule.values:
        return values
    unknown = sorted(set(values) - set(rule.values))
    if unknown:
        raise DataError(
            f"{where}: holds {', '.join(map(repr, unknown[:5]))}; the entry knows {', '.join(map(repr, rule.values))}"
        )
    return values.map(rule.values)
