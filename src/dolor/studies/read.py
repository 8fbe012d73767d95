"""The rules of a registry entry, applied: somebody's columns, names and barcodes become fields of a sample.

Reading a study of the registry: its files, its metadata, its fields, the cells that it says to keep.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dolor.core.errors import DataError, UsageError
from dolor.io.detect import load
from dolor.io.genes import checked_organism, joined, with_symbols
from dolor.io.h5ad import repeated_names
from dolor.io.metadata import joined_to, read_metadata
from dolor.io.read import read
from dolor.studies import registry
from dolor.studies.files import data_folder, stored_paths
from dolor.studies.study import CONVERT

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.studies.study import Rule, Study, StudyFile

__all__ = ["SIMULATED", "fields_of_file", "is_registered", "kept_cells", "read_study", "study_file", "with_rules"]


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
    dolor.core.errors.DataError
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


SIMULATED = "simulated"


def is_registered(name: str) -> bool:
    """Tell the name of a study from the path of a file or folder.

    Examples
    --------
    >>> is_registered("GSE154659"), is_registered("cells.h5ad")
    (True, False)
    """
    if name == SIMULATED or name in registry.load():
        return True
    return not (re.search(r"[./\\]", name) or Path(name).exists())


def study_file(name: str, path: Path | str | None = None) -> Path:
    """Say where the first file of a study with counts is.

    Parameters
    ----------
    name
        A study of the registry, or the path of a file or folder.
    path
        The file itself, when it is not where the registry says.

    Returns
    -------
    The path; whether it exists is seen when it is read.

    Raises
    ------
    dolor.core.errors.UsageError
        There is no such study, or its files are not at hand.

    Examples
    --------
    >>> study_file("kang2018", "mine.h5ad").name
    'mine.h5ad'
    """
    if path:
        return Path(path)
    if not is_registered(name):
        return Path(name)
    study = registry.show(name)
    file = next((file for file in study.files if file.content == "counts"), None)
    if file is None:
        raise UsageError(f"the file of study '{name}' has to be named: give its path in the configuration")
    found = stored_paths(study, file, data_folder())
    if found:
        return found[0]
    if file.location == "DOLOR_DATA":
        if not os.environ.get("DOLOR_DATA"):
            raise UsageError(f"study '{name}' is read from '{file.name}' in the folder named by $DOLOR_DATA: set it")
        return data_folder() / file.folder / file.name
    return data_folder() / study.id / file.name


@repeated_names()
def read_study(
    name: str, *, path: Path | str | None = None, dataset_id: str = ""
) -> tuple[AnnData, Path, dict[str, int]]:
    """Read a study into Cells.

    Parameters
    ----------
    name
        A study of the registry, ``simulated``, or the path of a file or folder whose cells already have the fields
        (see :func:`dolor.io.read.read` for those that have not).
    path
        The file itself, or the folder with the files of the study, when it is not where the registry says.
    dataset_id
        Name of the dataset; default: that of the study.

    Returns
    -------
    cells
        Checked Cells; ``obs["condition_model"]`` says what was done to the animal, in the words of the registry.
    source
        The file that was read, the first if there are several.
    dropped
        How many cells were left out, by reason.

    Raises
    ------
    dolor.core.errors.DolorError
        The study, its files or a field are missing or wrong.

    Examples
    --------
    >>> import dolor as dl
    >>> cells, source, dropped = dl.datasets.read_study("kang2018")  # doctest: +SKIP
    """
    dropped: Counter[str] = Counter()
    if name == SIMULATED or not is_registered(name):
        source = study_file(name, path)
        found = load(source)
    else:
        found, source = _read_entry(registry.show(name), path, dropped)
    if dataset_id:
        found.obs["dataset_id"] = dataset_id
    elif "dataset_id" not in found.obs.columns:
        found.obs["dataset_id"] = name if is_registered(name) else source.stem
    cells = read(found, name=str(source))
    dropped.update(cells.uns.pop("dropped", {}))
    return cells, source, dict(dropped)


def _read_entry(study: Study, path: Path | str | None, dropped: Counter[str]) -> tuple[AnnData, Path]:
    """Read all files of counts of an entry and join them."""
    parts: dict[str, AnnData] = {}
    source: Path | None = None
    for file, stored in _counts(study, path):
        part = load(
            stored,
            orientation=file.orientation,
            annotation_rows=file.annotation_rows,
            sample_pattern=file.sample_pattern,
        )
        part = _without_empty(part, dropped)
        part = _described(part, study, stored, dropped)
        organism = checked_organism(part.var_names, study.organism, str(stored)) or study.organism
        parts[stored.name] = with_symbols(part, organism, source=str(stored))
        source = source or stored
    if source is None:
        raise UsageError(
            f"study '{study.id}' has no file of counts that is read here: {study.notes or 'see its entry'}"
        )
    if len(parts) == 1:
        return parts[source.name], source
    return joined(_by_sample(parts), dropped), source


def _without_empty(part: AnnData, dropped: Counter[str]) -> AnnData:
    """Leave out droplets without a single count, of which raw 10x files hold hundreds of thousands."""
    matrix = part.layers.get("counts", part.X)
    filled = np.asarray(abs(matrix).sum(axis=1)).ravel() > 0
    if filled.all():
        return part
    dropped["without a single count"] += int((~filled).sum())
    return part[filled].copy()


def _by_sample(parts: dict[str, AnnData]) -> dict[str, AnnData]:
    """Name each part by its only sample, where that is unique; the barcodes will begin with it."""
    samples = {name: part.obs["sample_id"].astype(str).unique() for name, part in parts.items()}
    singles = [found[0] for found in samples.values() if len(found) == 1]
    if len(set(singles)) == len(parts):
        return dict(zip(singles, parts.values(), strict=True))
    return {name.partition(".")[0]: part for name, part in parts.items()}


def _counts(study: Study, path: Path | str | None) -> list[tuple[StudyFile, Path]]:
    """Pair the files of counts with where they lie."""
    files = [file for file in study.files if file.content == "counts" and file.values == "counts"]
    for file in files:
        if file.format in CONVERT:
            raise UsageError(
                f"study '{study.id}' comes as {file.format}, which this version does not read; "
                "convert it as the documentation of dolor.io.formats.rds says"
            )
    if path is not None and not Path(path).is_dir():
        return [(files[0], Path(path))] if files else []
    folder = data_folder(path)
    pairs = []
    for file in files:
        found = stored_paths(study, file, folder)
        if not found:
            if path is None and file.location == "DOLOR_DATA":
                study_file(study.id)
            raise DataError(
                f"{folder / study.id / file.name}: no such file; get it with  dolor datasets fetch {study.id}"
            )
        pairs += [(file, one) for one in found]
    return pairs


def _described(part: AnnData, study: Study, stored: Path, dropped: Counter[str]) -> AnnData:
    """Put metadata beside the cells, keep those that the entry keeps, and fill the fields."""
    part.obs_names = part.obs_names.astype(str)
    for file in study.files:
        if file.content != "metadata":
            continue
        found = stored_paths(study, file, stored.parent) or stored_paths(study, file, data_folder())
        if not found:
            raise DataError(f"{stored.parent / file.name}: no such file; it describes the cells of {stored.name}")
        table = read_metadata(found[0], file.key)
        obs, lost = joined_to(part.obs, table, str(found[0]), by_position=file.by_position)
        dropped.update(lost)
        part = part[part.obs_names.isin(obs.index)].copy() if len(obs) < part.n_obs else part
        part.obs = obs
    keep, lost = kept_cells(part.obs, study, str(stored))
    dropped.update(lost)
    part = part if keep.all() else part[keep].copy()
    part.obs = with_rules(part.obs, study, str(stored))
    return part
