"""What a population is, and the checks that one entry of a populations file must pass by itself.

Files of populations: the YAML that dolor ships, a user's YAML of the same form, a user's table of four columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from dolor.core import package_files
from dolor.core.errors import DataError
from dolor.knowledge.vocabulary import VOCABULARY, nearest

__all__ = [
    "COMPARTMENTS",
    "LEVELS",
    "ORGANISMS",
    "Population",
    "gene_lists",
    "parse_population",
    "read_document",
    "read_populations",
    "text",
]

LEVELS = ("lineage", "class", "type", "state")
ORGANISMS = ("mouse", "human")
# Where cells live; `systemic` and `not_stated` are words of statements, not places.
COMPARTMENTS = tuple(word for word in VOCABULARY["compartment"] if word not in ("systemic", "not_stated"))

_KEYS = (
    "id", "name", "parent", "level", "cl", "cl_label", "cl_note", "compartments", "positive", "negative",
    "note", "sources", "unverified", "only_in",
)  # fmt: skip


@dataclass(frozen=True)
class Population:
    """One kind of cell: its place in the tree and the genes that tell it from its neighbours.

    ``positive`` and ``negative`` hold gene symbols for each organism, the most telling first. ``cl`` is the Cell
    Ontology id with its label in ``cl_label``; ``cl_note`` says what is meant where the ontology has no exact term.
    ``only_in`` holds, for a source that is itself a set of cells, the genes that no other source names.
    """

    id: str
    name: str = ""
    parent: str = ""
    level: str = ""
    cl: str = ""
    cl_label: str = ""
    cl_note: str = ""
    compartments: tuple[str, ...] = ()
    positive: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    negative: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""
    sources: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    only_in: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def without_source(self, source: str) -> Population:
        """Return the population without the genes that rest on one source alone."""
        lost = self.only_in.get(source, ())
        if not lost:
            return self
        sides = (
            {organism: tuple(gene for gene in genes if gene not in lost) for organism, genes in side.items()}
            for side in (self.positive, self.negative)
        )
        positive, negative = sides
        return replace(self, positive=positive, negative=negative)


def parse_population(entry: object, where: str) -> Population:
    """Turn one entry of a file into a population.

    Parameters
    ----------
    entry
        What YAML gave for it.
    where
        File and place, to begin a message with.

    Raises
    ------
    dolor.core.errors.DataError
        An unknown key or word, a value of the wrong kind, a gene listed twice or both for and against.
    """
    if not isinstance(entry, Mapping):
        raise DataError(f"{where}: a population is a mapping with an 'id', not {entry!r:.60}")
    where = f"{where}, population '{entry.get('id', '?')}'"
    for key in entry:
        if key not in _KEYS:
            raise DataError(f"{where}: '{key}' is no key of a population; {nearest(str(key), _KEYS)}")
    population = Population(
        **{key: text(entry.get(key, ""), f"{where}, '{key}'") for key in _KEYS[:7]},
        compartments=_words(entry.get("compartments", []), f"{where}, 'compartments'"),
        positive=gene_lists(entry.get("positive", {}), f"{where}, 'positive'"),
        negative=gene_lists(entry.get("negative", {}), f"{where}, 'negative'"),
        note=text(entry.get("note", ""), f"{where}, 'note'"),
        sources=_words(entry.get("sources", []), f"{where}, 'sources'"),
        unverified=_words(entry.get("unverified", []), f"{where}, 'unverified'"),
        only_in=_by_source(entry.get("only_in", {}), f"{where}, 'only_in'"),
    )
    _check_words(population, where)
    _check_sides(population, where)
    return population


def _check_words(population: Population, where: str) -> None:
    if not population.id or population.id != population.id.strip() or ";" in population.id:
        raise DataError(f"{where}: an id is plain text without ';' and without blanks around it")
    if population.level and population.level not in LEVELS:
        raise DataError(f"{where}: unknown level '{population.level}'; {nearest(population.level, LEVELS)}")
    for word in population.compartments:
        if word not in COMPARTMENTS:
            raise DataError(f"{where}: unknown compartment '{word}'; {nearest(word, COMPARTMENTS)}")


def _check_sides(population: Population, where: str) -> None:
    for organism in ORGANISMS:
        against = population.negative.get(organism, ())
        both = [gene for gene in population.positive.get(organism, ()) if gene in against]
        if both:
            raise DataError(f"{where}: {', '.join(both)} ({organism}) stands both for and against; keep one of them")


def gene_lists(value: object, where: str) -> dict[str, tuple[str, ...]]:
    """Read ``{mouse: [...], human: [...]}``; an organism left out has no genes."""
    if not isinstance(value, Mapping):
        raise DataError(f"{where} must be a mapping of organism to genes, not {value!r:.60}")
    lists = {}
    for organism, genes in value.items():
        if organism not in ORGANISMS:
            raise DataError(f"{where}: unknown organism '{organism}'; {nearest(str(organism), ORGANISMS)}")
        lists[organism] = _words(genes, f"{where} of {organism}")
        twice = _repeated(lists[organism])
        if twice:
            raise DataError(f"{where} of {organism}: {', '.join(twice)} is listed twice")
    return lists


def _by_source(value: object, where: str) -> dict[str, tuple[str, ...]]:
    """Read ``{source: [genes]}``."""
    if not isinstance(value, Mapping):
        raise DataError(f"{where} must be a mapping of source to genes, not {value!r:.60}")
    return {str(source): _words(genes, f"{where} of {source}") for source, genes in value.items()}


def text(value: Any, where: str) -> str:
    """Return a value that must be text; YAML's own readings of `null`, `1` or `true` are refused."""
    if not isinstance(value, str):
        raise DataError(f"{where} must be text, but YAML reads {value!r:.40}; put it in quotes")
    return value


def _words(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DataError(f"{where} must be a list, such as [one, two], not {value!r:.60}")
    words = tuple(text(item, where) for item in value)
    if any(not word or word != word.strip() for word in words):
        raise DataError(f"{where} holds an empty item or one with blanks around it")
    return words


def _repeated(items: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [item for item in items if item in seen or seen.add(item)]  # type: ignore[func-returns-value]


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
    dolor.core.errors.DataError
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
    document = package_files.load(path)
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
            raise DataError(f"{path}: the population '{population.id}' is duplicated; merge the two entries")
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
        raise DataError(f"{where}: unknown sign '{sign}'; write +1 for a marker, -1 for a marker against")
    if organism not in ORGANISMS:
        raise DataError(f"{where}: unknown organism '{organism}'; {nearest(organism, ORGANISMS)}")
    if not row["population"].strip() or not row["gene"].strip():
        raise DataError(f"{where}: population and gene must not be empty")
    return _SIGNS[sign], organism
