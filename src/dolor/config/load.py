"""Reading a configuration, with one sentence for each thing that is wrong with it, and its reference levels."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ValidationError

from dolor.config.models import SIMULATED, Config, Dataset, Reference
from dolor.core import package_files
from dolor.core.errors import UsageError
from dolor.studies import registry

__all__ = ["check", "load", "load_merged", "reference_levels"]


def load(path: Path | str) -> Config:
    """Read and check the configuration of a run.

    Parameters
    ----------
    path
        The YAML file.

    Returns
    -------
    The configuration; ``datasets`` is a list, also where the file names a table.

    Raises
    ------
    dolor.core.errors.UsageError
        A key is unknown (the nearest known one is named), a value is of the wrong type or out of range, or two
        datasets share a name.
    """
    return check(package_files.load(path), str(path), folder=Path(path).parent)


def load_merged(paths: Sequence[Path | str], more: Mapping[str, Any]) -> Config:
    """Read and check several files, the later laid over the earlier, and values from a command line over them all.

    Parameters
    ----------
    paths
        The YAML or JSON files; a table of datasets may lie beside the last.
    more
        Keys and values that win over those of the files.
    """
    content: dict[str, Any] = {}
    for path in paths:
        part = package_files.load(path)
        if not isinstance(part, Mapping):
            raise UsageError(f"{path}: must hold keys and values at its top level, such as  datasets: ...")
        content = _laid_over(content, part)
    source = str(paths[-1]) if paths else "the configuration"
    return check(_laid_over(content, more), source, folder=Path(source).parent)


def _laid_over(content: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Lay sections over sections; any other value replaces the earlier one."""
    merged = dict(content)
    for key, value in more.items():
        earlier = merged.get(key)
        if isinstance(earlier, Mapping) and isinstance(value, Mapping):
            merged[key] = _laid_over(earlier, value)
        else:
            merged[key] = value
    return merged


def check(content: Any, source: str, folder: Path = Path()) -> Config:
    """Check a configuration that is already in memory; see :func:`load`."""
    if not isinstance(content, Mapping):
        raise UsageError(f"{source}: must hold keys and values at its top level, such as  datasets: ...")
    content = dict(content)
    if isinstance(content.get("datasets"), str):
        content["datasets"] = _datasets_from_table(content["datasets"], source, folder)
    try:
        config = Config.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{source}: " + "; ".join(_sentences(error))) from None
    _check_names_differ(config.datasets, source)
    return config


def _datasets_from_table(name: str, source: str, folder: Path) -> list[dict[str, Any]]:
    """Read the table of datasets, looked for as named and then beside the configuration.

    What begins with ``reference_`` is part of the dataset's reference; an empty cell leaves the default.
    """
    found = next((path for path in (Path(name), folder / name) if os.path.isfile(path)), None)  # noqa: PTH113 - never raises
    if found is None:
        raise UsageError(f"{source}: datasets: there is no table '{_short(name)}'")
    frame = pd.read_csv(found, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig", comment="#")
    rows = []
    for record in frame.to_dict("records"):
        row: dict[str, Any] = {}
        for key, value in record.items():
            part, _, level = str(key).partition("reference_")
            if value and level and not part:
                row.setdefault("reference", {})[level] = value
            elif value:
                row[str(key)] = value
        rows.append(row)
    return rows


def _check_names_differ(datasets: list[Dataset] | str, source: str) -> None:
    names = [dataset.id for dataset in datasets if isinstance(dataset, Dataset)]
    if not names:
        raise UsageError(f"{source}: datasets: name at least one dataset")
    repeated = [name for name, number in Counter(name.lower() for name in names).items() if number > 1]
    if repeated:
        raise UsageError(f"{source}: datasets: the id '{repeated[0]}' stands more than once; each needs its own folder")


def _sentences(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        # pydantic adds the branch of a union to the place ("list[Dataset]", "str"): a user has not written it.
        place = [part for part in fault["loc"] if part != "str" and not str(part).startswith("list[")]
        where = ".".join(_short(part) for part in place) or "the configuration"
        if fault["loc"][-1] == "str" and fault["type"] == "string_type":
            continue
        if fault["type"] == "extra_forbidden":
            yield f"unknown key '{where}'{_nearest(place)}"
        elif fault["type"] == "missing":
            yield f"the key '{where}' is missing"
        else:
            value = fault["input"]
            yield f"{where}: {fault['msg'].removeprefix('Value error, ')} (it is {value!r:.60})"


def _short(part: int | str) -> str:
    return str(part) if len(str(part)) <= 60 else f"{str(part)[:59]}…"


def _nearest(place: list[int | str]) -> str:
    """Name the known key that an unknown one most resembles."""
    model: type[BaseModel] | None = Config
    for part in place[:-1]:
        if isinstance(part, int) or model is None:
            continue
        model = Dataset if part == "datasets" else _section(model, part)
    known = list(model.model_fields) if model else []
    match = difflib.get_close_matches(str(place[-1])[:60], known, n=1, cutoff=0.5)
    return f"; did you mean '{match[0]}'?" if match else f"; known here are {', '.join(known)}"


def _section(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    field = model.model_fields.get(key)
    annotation = field.annotation if field else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


_CONTROL_OF_SIMULATION = "naive"


def reference_levels(dataset: Dataset, run: Config) -> Reference:
    """Give the levels that others are compared with: the dataset's own, those of the run, or the study's control.

    Parameters
    ----------
    dataset
        One dataset of the run.
    run
        The configuration.

    Returns
    -------
    The condition and the sex.

    Raises
    ------
    dolor.core.errors.UsageError
        Nobody names a condition, or the study is unknown.

    Examples
    --------
    >>> mine = Dataset(id="mine", study="mine.h5ad", compartment="drg")
    >>> run = Config(datasets=[mine], contrast={"reference": {"condition": "sham"}})
    >>> reference_levels(mine, run).condition
    'sham'
    """
    from dolor.studies.read import is_registered

    level = dataset.reference or run.contrast.reference
    if level.condition:
        return level
    if dataset.study == SIMULATED:
        return level.model_copy(update={"condition": _CONTROL_OF_SIMULATION})
    if not is_registered(dataset.study):
        raise UsageError(
            f"dataset '{dataset.id}': name the condition that the others are compared with, "
            "such as  contrast: {reference: {condition: naive}}"
        )
    return level.model_copy(update={"condition": registry.show(dataset.study).reference})
