"""Reading a study of the registry: its file, its fields, the cells that it says to keep."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dolor.errors import DataError, UsageError
from dolor.io.h5ad import read_h5ad
from dolor.io.read import read
from dolor.knowledge import registry

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.knowledge.study import Rule, Study

SIMULATED = "simulated"


def study_file(name: str, path: Path | str | None = None) -> Path:
    """Say where the file of a study is.

    Parameters
    ----------
    name
        A study of the registry, or the path of an h5ad file.
    path
        The file itself, when it is not where the registry says.

    Returns
    -------
    The path; whether it exists is seen when it is read.

    Raises
    ------
    dolor.errors.UsageError
        There is no such study, or its files are not at hand.
    """
    if path:
        return Path(path)
    if name.endswith(".h5ad"):
        return Path(name)
    study = registry.show(name)
    file = next((file for file in study.files if file.content == "counts"), None)
    if file is None or file.location != "DOLOR_DATA":
        raise UsageError(f"the file of study '{name}' has to be named: give its path in the configuration")
    folder = os.environ.get("DOLOR_DATA")
    if not folder:
        raise UsageError(f"study '{name}' is read from '{file.name}' in the folder named by $DOLOR_DATA: set it")
    return Path(folder) / file.folder / file.name


def read_study(
    name: str, *, path: Path | str | None = None, dataset_id: str = ""
) -> tuple[AnnData, Path, dict[str, int]]:
    """Read a study into Cells.

    Parameters
    ----------
    name
        A study of the registry, ``simulated``, or the path of an h5ad file whose ``obs`` already has the fields.
    path
        The file itself, when it is not where the registry says.
    dataset_id
        Name of the dataset; default: that of the study.

    Returns
    -------
    cells
        Checked Cells; ``obs["condition_model"]`` says what was done to the animal, in the words of the registry.
    source
        The file that was read.
    dropped
        How many cells the entry says to leave out, by column.

    Raises
    ------
    dolor.errors.DolorError
        The study, its file or a field is missing or wrong.
    """
    source = study_file(name, path)
    found = read_h5ad(source)
    dropped: dict[str, int] = {}
    if name != SIMULATED and not name.endswith(".h5ad"):
        study = registry.show(name)
        if study.files[0].format != "h5ad":
            raise UsageError(f"study '{name}' comes as {study.files[0].format}, which this version does not read")
        found, dropped = _kept(found, study, str(source))
        found.obs = with_rules(found.obs, study, str(source))
    if dataset_id:
        found.obs["dataset_id"] = dataset_id
    elif "dataset_id" not in found.obs.columns:
        found.obs["dataset_id"] = source.stem if name.endswith(".h5ad") else name
    return read(found, name=str(source)), source, dropped


def with_rules(obs: pd.DataFrame, study: Study, source: str) -> pd.DataFrame:
    """Fill the fields of the sample by the rules of a registry entry.

    Parameters
    ----------
    obs
        One row a cell, its barcode as the index.
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
    # A join and a pattern may read fields that other rules fill.
    for field, rule in sorted(study.rules.items(), key=lambda item: bool(item[1].join or item[1].pattern)):
        filled[field] = _apply(rule, field, obs, filled, source)
    for field, value in _fields_of_file(study, source).items():
        filled[field] = value
    models = {condition.value: condition.model for condition in study.conditions}
    filled["condition_model"] = filled["condition"].map(models).fillna("not_stated")
    return filled


def _fields_of_file(study: Study, source: str) -> dict[str, str]:
    """Return what the entry says of every cell of this very file."""
    return next((file.fields for file in study.files if file.name == Path(source).name), {})


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
    texts = {
        "barcode": pd.Series(obs.index.astype(str), index=obs.index),
        "file": pd.Series(Path(source).name, index=obs.index),
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


def _kept(found: AnnData, study: Study, source: str) -> tuple[AnnData, dict[str, int]]:
    dropped = {}
    for column, values in study.keep.items():
        if column not in found.obs.columns:
            raise DataError(f"{source}: obs has no column '{column}', by which the entry says which cells to keep")
        keep = found.obs[column].astype(str).isin(values).to_numpy()
        dropped[f"{column} is not {' or '.join(values)}"] = int((~keep).sum())
        found = found[keep].copy()
    return found, dropped
