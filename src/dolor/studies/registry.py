"""The registry of public studies: what there is, for which tissue and condition, and how its files are read."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from dolor.core import package_files
from dolor.core.errors import DataError, UsageError
from dolor.core.package_files import signature_path
from dolor.studies.study import CellxGene, Citation, Condition, Rule, Study, StudyFile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load", "show", "table", "validate"]

_PARTS: dict[str, type[BaseModel]] = {
    "citation": Citation, "cellxgene": CellxGene, "files": StudyFile, "conditions": Condition, "columns": Rule,
}  # fmt: skip


def load(path: Path | str | None = None, *, extra: Iterable[Path | str] = ()) -> dict[str, Study]:
    """Read the registry.

    Parameters
    ----------
    path
        A registry file, alone; by default the one that dolor ships, and those named in ``$DOLOR_REGISTRY`` (several are
        parted by a colon).
    extra
        Further registry files, such as a laboratory's own studies, added to it.

    Returns
    -------
    The studies by id, in the order of the files.

    Raises
    ------
    dolor.core.errors.DataError
        An entry is wrong (the message names file, entry and key), or an id stands in two files.

    Examples
    --------
    >>> load()["kang2018"].reference
    'control'
    """
    studies = dict(_read(Path(path) if path is not None else signature_path("datasets.yaml")))
    own = own_registries() if path is None else []
    for more in dict.fromkeys([*own, *map(Path, extra)]):
        for name, study in _read(more).items():
            if name in studies:
                raise DataError(f"{more}: the id '{name}' is already in the registry; give your study another one")
            studies[name] = study
    return studies


def own_registries() -> list[Path]:
    """Return the registry files that ``$DOLOR_REGISTRY`` names."""
    return [Path(name) for name in os.environ.get("DOLOR_REGISTRY", "").split(os.pathsep) if name]


def validate(path: Path | str | None = None) -> list[str]:
    """Check a registry file and list every fault in it.

    Parameters
    ----------
    path
        A registry file; by default the one that dolor ships.

    Returns
    -------
    One sentence a fault, naming entry and key; empty if there is none.

    Examples
    --------
    >>> validate()
    []
    """
    source = Path(path) if path is not None else signature_path("datasets.yaml")
    return [fault for name, entry in _entries(source).items() for fault in _faults(name, entry)]


def show(name: str, *, extra: Iterable[Path | str] = ()) -> Study:
    """Find one study.

    Parameters
    ----------
    name
        Its id.
    extra
        Further registry files, such as a laboratory's own studies.

    Returns
    -------
    The entry.

    Raises
    ------
    dolor.core.errors.UsageError
        No study has this id; the message names the nearest.

    Examples
    --------
    >>> show("GSE154659").organism
    'mouse'
    """
    studies = load(extra=extra)
    if name not in studies:
        lowered = {known.lower(): known for known in studies}
        close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.4)
        hint = f"did you mean '{lowered[close[0]]}'?" if close else "see  dolor datasets list"
        raise UsageError(f"the registry has no study '{name[:60]}'; {hint}")
    return studies[name]


def table(*, extra: Iterable[Path | str] = ()) -> pd.DataFrame:
    """List the studies like a catalogue.

    Parameters
    ----------
    extra
        Further registry files, such as a laboratory's own studies.

    Returns
    -------
    One row a study, text in every column.

    The columns are ``id``, ``organism``, ``tissue``, ``compartment``, ``conditions``, ``sexes``, ``assay``,
    ``suspension_type``, ``files``, ``readable``, ``citation`` and ``unverified``;
    ``readable`` is ``yes`` where the files and the way to read samples from them are known.

    Examples
    --------
    >>> bool((table()["readable"] == "yes").any())
    True
    """
    import pandas as pd

    return pd.DataFrame([_row(study) for study in load(extra=extra).values()], dtype=object)


def _row(study: Study) -> dict[str, str]:
    return {
        "id": study.id,
        "organism": study.organism,
        "tissue": study.tissue,
        "compartment": study.compartment,
        "conditions": ";".join(condition.value for condition in study.conditions),
        "sexes": ";".join(study.sexes),
        "assay": study.assay,
        "suspension_type": study.suspension_type,
        "files": ";".join(file.name for file in study.files),
        "readable": "yes" if study.readable else "no",
        "citation": study.citation.text,
        "unverified": ";".join(study.unverified),
    }


def _read(path: Path) -> Mapping[str, Study]:
    """Read one file; files are small and read once for each state on disk."""
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _read_once(path, changed)


@lru_cache(maxsize=8)
def _read_once(path: Path, changed: int) -> Mapping[str, Study]:
    studies = {}
    for name, entry in _entries(path).items():
        faults = _faults(name, entry)
        if faults:
            raise DataError(f"{path}: {faults[0]}")
        studies[name] = Study(id=name, **entry)
    return studies


def _entries(path: Path) -> dict[str, Any]:
    content = package_files.load(path)
    if not isinstance(content, dict) or not content:
        raise DataError(f"{path}: must hold one entry a study, its id as the key")
    return content


def _faults(name: str, entry: Any) -> list[str]:
    """Say what is wrong with one entry, a sentence a fault."""
    if not isinstance(entry, dict):
        return [f"study '{name}': must hold keys and values"]
    try:
        Study.model_validate({**entry, "id": name})
    except ValidationError as error:
        return [f"study '{name}': {_sentence(fault)}" for fault in error.errors()]
    return []


def _sentence(fault: Any) -> str:
    place = [str(part) for part in fault["loc"]]
    where = ".".join(place)
    if fault["type"] == "extra_forbidden":
        model = _PARTS.get(place[0], Study) if len(place) > 1 else Study
        close = difflib.get_close_matches(place[-1], model.model_fields, n=1, cutoff=0.5)
        known = f"did you mean '{close[0]}'?" if close else f"known here are {', '.join(model.model_fields)}"
        return f"unknown key '{where}'; {known}"
    if fault["type"] == "missing":
        return f"the key '{where}' is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
