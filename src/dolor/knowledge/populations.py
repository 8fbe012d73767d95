"""The populations of pain-relevant tissue: a tree of cell kinds with the genes that tell them apart.

The shipped tree is ``signatures/populations.yaml``. A file of your own is laid over it, or stands alone: see
:func:`load`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from dolor.core.errors import UsageError
from dolor.core.package_files import signature_path
from dolor.knowledge.genes import resolve
from dolor.knowledge.population_files import (
    COMPARTMENTS,
    LEVELS,
    ORGANISMS,
    Population,
    read_document,
    read_populations,
)
from dolor.knowledge.population_tree import PopulationTree, counts, gene_problems, refuse_unknown_genes
from dolor.knowledge.programmes import programmes
from dolor.knowledge.vocabulary import nearest

__all__ = [
    "PopulationTree",
    "load",
    "markers",
    "populations",
    "programmes",
    "sources",
    "tree",
    "unknown_genes",
    "validate",
]


def load(
    path: Path | str | None = None,
    *,
    alone: bool = False,
    without: Collection[str] = (),
    without_source: str = "",
) -> tuple[Population, ...]:
    """Load the shipped populations, with a file of your own laid over them or in their place.

    Parameters
    ----------
    path
        YAML of the form of the shipped file, or a tab-separated table with the columns ``population``, ``gene``,
        ``sign`` (+1, -1) and ``organism``. For a population that dolor knows, its genes are added and win where the two
        disagree; other keys replace the shipped ones. A new population without ``parent`` is a lineage, and lives
        wherever its parent lives unless it says where.
    alone
        Leave the shipped populations out.
    without
        Populations to leave out, with all that stand below them.
    without_source
        A source whose markers are left out, unless another source names them too: data that gave markers is no test
        of them.

    Returns
    -------
    The populations, parents before or after their children as the files have them.

    Raises
    ------
    dolor.core.errors.DataError
        The file cannot be read or is faulty; the message names file, population and value.

    Examples
    --------
    >>> len(load()) > 70
    True
    """
    loaded = _shipped() if path is None else _laid_over(path, alone)
    if not (without or without_source):
        return loaded
    whole = PopulationTree(loaded)
    unknown = sorted(set(without) - set(whole.ids()))
    if unknown:
        raise UsageError(f"the population '{unknown[0]}' is not in the tree; {nearest(unknown[0], whole.ids())}")
    gone = {node for name in without for node in (name, *whole.descendants(name))}
    return tuple(population.without_source(without_source) for population in loaded if population.id not in gone)


def _laid_over(path: Path | str, alone: bool) -> tuple[Population, ...]:
    """Read a user's file and lay it over the shipped populations."""
    known = {} if alone else {population.id: population for population in _shipped()}
    for population in read_populations(Path(path)):
        known[population.id] = _over(known.get(population.id), population)
    settled = tuple(_settled(population, known) for population in known.values())
    PopulationTree(settled, str(path))
    return settled


@lru_cache(maxsize=1)
def _shipped() -> tuple[Population, ...]:
    shipped = tuple(read_populations(signature_path("populations.yaml")))
    PopulationTree(shipped, "populations.yaml")
    return shipped


def _over(shipped: Population | None, own: Population) -> Population:
    """Lay a user's population over the shipped one of the same id."""
    if shipped is None:
        return own
    positive, negative = dict(shipped.positive), dict(shipped.negative)
    for organism in ORGANISMS:
        added, against = own.positive.get(organism, ()), own.negative.get(organism, ())
        positive[organism] = _added(positive.get(organism, ()), added, without=against)
        negative[organism] = _added(negative.get(organism, ()), against, without=added)
    words = {
        key: getattr(own, key)
        for key in ("name", "parent", "level", "cl", "cl_label", "cl_note", "compartments", "note", "sources")
        if getattr(own, key)
    }
    return replace(shipped, positive=positive, negative=negative, **words)


def _added(present: tuple[str, ...], new: tuple[str, ...], without: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(gene for gene in (*present, *new) if gene not in without))


def _settled(population: Population, known: dict[str, Population]) -> Population:
    """Fill in what a short entry leaves open: name, level, compartments."""
    parent = known.get(population.parent)
    if population.level:
        level = population.level
    elif parent is None:
        level = "lineage"
    else:
        level = LEVELS[min(LEVELS.index(parent.level or "lineage") + 1, len(LEVELS) - 1)]
    home = population.compartments or (parent.compartments if parent else COMPARTMENTS)
    return replace(population, name=population.name or population.id, level=level, compartments=home)


def populations(path: Path | str | None = None, *, alone: bool = False) -> pd.DataFrame:
    """Return the populations as a table.

    Parameters
    ----------
    path, alone
        As in :func:`load`.

    Returns
    -------
    One row a population; what is a list in the file is a tuple here.

    The columns are ``id``, ``name``, ``parent``, ``level``, ``cl``, ``cl_label``, ``cl_note``, ``compartments``,
    ``positive_mouse``, ``positive_human``, ``negative_mouse``, ``negative_human``, ``note``, ``sources`` and
    ``unverified``.

    Examples
    --------
    >>> table = populations().set_index("id")
    >>> table.loc["microglia", "cl_label"]
    'microglial cell'
    """
    rows = []
    for population in load(path, alone=alone):
        row = {key: getattr(population, key) for key in ("id", "name", "parent", "level", "cl", "cl_label", "cl_note")}
        row["compartments"] = population.compartments
        for side in ("positive", "negative"):
            for organism in ORGANISMS:
                row[f"{side}_{organism}"] = getattr(population, side).get(organism, ())
        rows.append({**row, **{key: getattr(population, key) for key in ("note", "sources", "unverified")}})
    return pd.DataFrame(rows, dtype=object)


def tree(path: Path | str | None = None, *, alone: bool = False) -> PopulationTree:
    """Return the tree of the populations.

    Parameters
    ----------
    path, alone
        As in :func:`load`.

    Returns
    -------
    The tree: who belongs to whom, and who lives where.

    Examples
    --------
    >>> tree().roots()
    ('neuron', 'glia', 'stroma', 'immune', 'blood')
    """
    return PopulationTree(load(path, alone=alone))


def markers(
    organism: str,
    compartment: str | None = None,
    *,
    measured: Iterable[str] | None = None,
    path: Path | str | None = None,
    alone: bool = False,
    known: Sequence[Population] | None = None,
) -> pd.DataFrame:
    """Return the markers of the populations that may live in a compartment.

    Parameters
    ----------
    organism
        ``"mouse"`` or ``"human"``: whose gene symbols are wanted.
    compartment
        ``"drg"``, ``"nerve"``, ``"blood"`` and so on; ``None`` for all.
    measured
        Gene names of a matrix. Markers come back under the names that the matrix uses, former symbols and Ensembl ids
        among them; those that it lacks are left out.
    path, alone
        As in :func:`load`.
    known
        Populations that were loaded already, in place of ``path``.

    Returns
    -------
    One row a (population, gene): ``population``, ``gene``, ``sign`` (+1 for a marker, -1 for a marker of what it is
    not), the most telling gene of a population first.

    Raises
    ------
    dolor.core.errors.UsageError
        The organism or the compartment is unknown.

    Examples
    --------
    >>> found = markers("mouse", "nerve")
    >>> "microglia" in set(found["population"])
    False
    >>> old = markers("mouse", "drg", measured=["Fam19a4", "Th"])
    >>> old.query("population == 'c_ltmr'")["gene"].tolist()
    ['Th', 'Fam19a4']
    """
    if organism not in ORGANISMS:
        raise UsageError(f"unknown organism '{organism}'; {nearest(organism, ORGANISMS)}")
    known = load(path, alone=alone) if known is None else known
    allowed = set(PopulationTree(known).allowed_in(compartment))
    rows = [
        (population.id, gene, sign)
        for population in known
        if population.id in allowed
        for sign, side in ((1, population.positive), (-1, population.negative))
        for gene in side.get(organism, ())
    ]
    table = pd.DataFrame(rows, columns=["population", "gene", "sign"])
    return table if measured is None else _named_as_measured(table, organism, list(measured))


def _named_as_measured(table: pd.DataFrame, organism: str, measured: list[str]) -> pd.DataFrame:
    """Give each marker the name that a matrix uses for its gene; the same spelling goes before a synonym."""
    current = dict(zip(resolve(measured, organism)["symbol"], measured, strict=True))
    names = {**current, **{name: name for name in measured}}
    present = table[table["gene"].isin(names)]
    return present.assign(gene=present["gene"].map(names)).reset_index(drop=True)


def sources() -> pd.DataFrame:
    """Return the sources that the shipped populations and programmes rest on.

    Returns
    -------
    One row a source: ``source`` (the key that populations name), ``citation``, ``doi``, ``pmid``; a DOI or PubMed id
    that was not seen is empty.

    Examples
    --------
    >>> sources().set_index("source").loc["lund2024", "doi"]
    '10.1084/jem.20230675'
    """
    listed = read_document(signature_path("populations.yaml"))["sources"]
    rows = [(key, entry["citation"], entry.get("doi", ""), entry.get("pmid", "")) for key, entry in listed.items()]
    return pd.DataFrame(rows, columns=["source", "citation", "doi", "pmid"], dtype=object)


def unknown_genes(path: Path | str | None = None, *, alone: bool = False) -> pd.DataFrame:
    """Return the markers whose name is not the current symbol of one gene of their organism.

    Parameters
    ----------
    path, alone
        As in :func:`load`.

    Returns
    -------
    One row each: ``population organism gene status symbol``, with ``status`` and ``symbol`` as in
    :func:`dolor.knowledge.genes.resolve`. A reporter gene such as ``tdTomato`` shows up here and may stay.

    Examples
    --------
    >>> len(unknown_genes())
    0
    """
    return gene_problems(load(path, alone=alone))


def validate(path: Path | str | None = None, *, alone: bool = False) -> pd.DataFrame:
    """Check a file of populations and count what it holds.

    Parameters
    ----------
    path, alone
        As in :func:`load`.

    Returns
    -------
    Counts, one row each: ``what`` (``level``, ``lineage`` or ``compartment``), ``word``, ``populations``.

    Raises
    ------
    dolor.core.errors.DataError
        The file is faulty, or a gene name is unknown or means several genes.

    Examples
    --------
    >>> validate().query("what == 'level'")["word"].tolist()
    ['lineage', 'class', 'type', 'state']
    """
    known = load(path, alone=alone)
    refuse_unknown_genes(known, str(path or "populations.yaml"))
    return counts(known, PopulationTree(known))
