"""Files of populations: the YAML that dolor ships, a user's YAML of the same form, a user's table of four columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dolor.errors import DataError
from dolor.knowledge import strict_yaml
from dolor.knowledge.population_form import ORGANISMS, Population, parse_population
from dolor.knowledge.vocabulary import nearest

__all__ = ["read_document", "read_populations"]

_DOCUMENT_KEYS = ("ontology", "sources", "populations", "programmes")
_TABLE_COLUMNS = ("population", "gene", "sign", "organism")
_SIGNS = {"+1": "positive", "1": "positive", "+": "positive", "-1": "negative", "-": "negative"}


def read_populations(path: Path) -> list[Population]:
    """Read the populations of a file, each checked by itself; the tree is not looked at.

    Parameters
    ----------
    path
        YAML (``.yaml``, ``.yml``) or a tab-separated table with the columns ``population gene sign organism``.

    Raises
    ------
    dolor.errors.DataError
        The file cannot be read or an entry is faulty; the message names the place.
    """
    if path.suffix.lower() not in (".yaml", ".yml"):
        return _read_table(path)
    entries = read_document(path).get("populations", [])
    if not isinstance(entries, list):
        raise DataError(f"{path}: 'populations' must be a list of populations")
    populations = [parse_population(entry, str(path)) for entry in entries]
    _refuse_twins(populations, path)
    return populations


def read_document(path: Path) -> Mapping[str, Any]:
    """Read the whole YAML document of a populations file."""
    document = strict_yaml.load(path)
    if not isinstance(document, Mapping):
        raise DataError(f"{path}: a populations file is a mapping with the key 'populations'")
    for key in document:
        if key not in _DOCUMENT_KEYS:
            raise DataError(f"{path}: '{key}' is no key of a populations file; {nearest(str(key), _DOCUMENT_KEYS)}")
    return document


def _refuse_twins(populations: list[Population], path: Path) -> None:
    seen: set[str] = set()
    for population in populations:
        if population.id in seen:
            raise DataError(f"{path}: the population '{population.id}' stands twice; merge the two entries")
        seen.add(population.id)


def _read_table(path: Path) -> list[Population]:
    """Read one row a marker; the rows of a population make its entry."""
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a tab-separated table ({error})") from error
    missing = [column for column in _TABLE_COLUMNS if column not in table.columns]
    if missing:
        raise DataError(
            f"{path}: the columns {', '.join(missing)} are missing; a table of markers has the tab-separated columns "
            f"{', '.join(_TABLE_COLUMNS)}"
        )
    entries: dict[str, dict[str, Any]] = {}
    for line, row in enumerate(table.to_dict("records"), start=2):
        side, organism = _side(row, f"{path}, line {line}")
        name = row["population"].strip()
        entry = entries.setdefault(name, {"id": name, "positive": {}, "negative": {}})
        entry[side].setdefault(organism, []).append(row["gene"].strip())
    return [parse_population(entry, str(path)) for entry in entries.values()]


def _side(row: Mapping[Any, str], where: str) -> tuple[str, str]:
    """Return for which side and which organism a row speaks."""
    sign, organism = row["sign"].strip(), row["organism"].strip().lower()
    if sign not in _SIGNS:
        raise DataError(f"{where}: the sign '{sign}' is none; write +1 for a marker, -1 for a marker against")
    if organism not in ORGANISMS:
        raise DataError(f"{where}: the organism '{organism}' is none; {nearest(organism, ORGANISMS)}")
    if not row["population"].strip() or not row["gene"].strip():
        raise DataError(f"{where}: population and gene must not be empty")
    return _SIGNS[sign], organism
