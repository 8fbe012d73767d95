"""The tree of populations: who belongs to whom, and who lives where.

Checks of a whole set of populations, and the counts that a person wants to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

import pandas as pd

from dolor.core.errors import DataError, UsageError
from dolor.knowledge.genes import resolve
from dolor.knowledge.population_files import COMPARTMENTS, LEVELS, ORGANISMS, Population
from dolor.knowledge.vocabulary import nearest

__all__ = ["PopulationTree", "counts", "gene_problems", "refuse_unknown_genes"]


class PopulationTree:
    """Lineages, classes, types and states, in the order of the file.

    Parameters
    ----------
    populations
        The populations, each with the id of its parent; ``""`` for a lineage.
    where
        The file, to begin a message with.

    Raises
    ------
    dolor.core.errors.DataError
        A parent is unknown, a population is its own ancestor, a level stands above that of its parent, or a population
        lives where its parent does not.

    Examples
    --------
    >>> from dolor.knowledge.populations import tree
    >>> tree().ancestors("cdc1")
    ('dendritic_cell', 'immune')
    >>> tree().level_of("cdc1", "class")
    'dendritic_cell'
    """

    def __init__(self, populations: Iterable[Population], where: str = "populations") -> None:
        self._nodes = MappingProxyType({population.id: population for population in populations})
        children: dict[str, list[str]] = {}
        for population in self._nodes.values():
            children.setdefault(population.parent, []).append(population.id)
        self._children = {parent: tuple(ids) for parent, ids in children.items()}
        for population in self._nodes.values():
            self._check(population, where)

    def __contains__(self, population: object) -> bool:
        return population in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def ids(self) -> tuple[str, ...]:
        """Return every id."""
        return tuple(self._nodes)

    def roots(self) -> tuple[str, ...]:
        """Return the lineages."""
        return self._children.get("", ())

    def parent(self, population: str) -> str:
        """Return the parent's id, ``""`` for a lineage."""
        return self._node(population).parent

    def ancestors(self, population: str) -> tuple[str, ...]:
        """Return the ids above a population, its parent first, its lineage last."""
        above: list[str] = []
        while parent := self.parent(above[-1] if above else population):
            above.append(parent)
        return tuple(above)

    def children(self, population: str) -> tuple[str, ...]:
        """Return the ids right below a population."""
        self._node(population)
        return self._children.get(population, ())

    def descendants(self, population: str) -> tuple[str, ...]:
        """Return all ids below a population, each before those below it."""
        below: list[str] = []
        for child in self.children(population):
            below += [child, *self.descendants(child)]
        return tuple(below)

    def level(self, population: str) -> str:
        """Return ``lineage``, ``class``, ``type`` or ``state``."""
        return self._node(population).level

    def cl(self, population: str) -> str:
        """Return the Cell Ontology id, ``""`` where the ontology has no term."""
        return self._node(population).cl

    def level_of(self, population: str, level: str) -> str:
        """Return the nearest id of that level, from the population itself upwards; ``""`` if there is none.

        Raises
        ------
        dolor.core.errors.UsageError
            The population or the level is unknown.
        """
        if level not in LEVELS:
            raise UsageError(f"unknown level '{level}'; {nearest(level, LEVELS)}")
        path = (population, *self.ancestors(population))
        return next((node for node in path if self.level(node) == level), "")

    def allowed_in(self, compartment: str | None) -> tuple[str, ...]:
        """Return the ids that may live in a compartment; all of them for ``None``, ``systemic`` or ``not_stated``.

        Raises
        ------
        dolor.core.errors.UsageError
            The compartment is unknown.
        """
        if compartment in (None, "systemic", "not_stated"):
            return self.ids()
        if compartment not in COMPARTMENTS:
            raise UsageError(f"unknown compartment '{compartment}'; {nearest(str(compartment), COMPARTMENTS)}")
        return tuple(node.id for node in self._nodes.values() if compartment in node.compartments)

    def _node(self, population: str) -> Population:
        if population not in self._nodes:
            raise UsageError(f"the population '{population}' is not in the tree; {nearest(population, self._nodes)}")
        return self._nodes[population]

    def _check(self, population: Population, where: str) -> None:
        """Refuse what would break the tree at this population."""
        here = f"{where}, population '{population.id}'"
        path, node = [population.id], population
        while node.parent:
            if node.parent not in self._nodes:
                hint = nearest(node.parent, self._nodes)
                raise DataError(f"{where}, population '{node.id}': its parent '{node.parent}' is no population; {hint}")
            path.append(node.parent)
            if node.parent == population.id:
                raise DataError(f"{here}: it is its own ancestor ({' < '.join(path)}); break the circle")
            node = self._nodes[node.parent]
            if len(path) > len(self._nodes):
                raise DataError(f"{here}: its ancestors run in a circle ({' < '.join(path[-4:])}); break it")
        parent = self._nodes.get(population.parent)
        if (population.level == "lineage") != (parent is None):
            raise DataError(f"{here}: a lineage has no parent, and what has no parent is a lineage")
        if parent and LEVELS.index(population.level) < LEVELS.index(parent.level):
            raise DataError(f"{here}: a {population.level} cannot stand below the {parent.level} '{parent.id}'")
        homeless = set(population.compartments) - set(parent.compartments if parent else COMPARTMENTS)
        if homeless:
            raise DataError(f"{here}: it lives in {', '.join(sorted(homeless))}, where '{population.parent}' does not")


def gene_problems(populations: Sequence[Population]) -> pd.DataFrame:
    """Return the markers whose name is not the current symbol of one gene of their organism.

    Returns
    -------
    One row each: ``population organism gene status symbol``, with ``status`` and ``symbol`` as in
    :func:`dolor.knowledge.genes.resolve`.
    """
    rows = []
    for organism in ORGANISMS:
        named = [
            (population.id, gene)
            for population in populations
            for side in (population.positive, population.negative)
            for gene in side.get(organism, ())
        ]
        found = resolve((gene for _, gene in named), organism)
        for (name, gene), status, symbol in zip(named, found["status"], found["symbol"], strict=True):
            if status != "current":
                rows.append((name, organism, gene, status, symbol))
    return pd.DataFrame(rows, columns=["population", "organism", "gene", "status", "symbol"], dtype=object)


def refuse_unknown_genes(populations: Sequence[Population], where: str) -> None:
    """Raise :class:`~dolor.core.errors.DataError` for the first marker that names no gene, or several."""
    problems = gene_problems(populations)
    wrong = problems[problems["status"].isin(["unknown", "ambiguous"])]
    if wrong.empty:
        return
    first = wrong.iloc[0]
    more = f" ({len(wrong) - 1} more such genes)" if len(wrong) > 1 else ""
    raise DataError(
        f"{where}, population '{first['population']}': '{first['gene']}' is {first['status']} as a "
        f"{first['organism']} gene; write its current symbol{more}"
    )


def counts(populations: Sequence[Population], tree: PopulationTree) -> pd.DataFrame:
    """Count populations by level, lineage and compartment: columns ``what``, ``word``, ``populations``."""
    rows = [("level", word, sum(p.level == word for p in populations)) for word in LEVELS]
    rows += [("lineage", root, 1 + len(tree.descendants(root))) for root in tree.roots()]
    rows += [("compartment", word, sum(word in p.compartments for p in populations)) for word in COMPARTMENTS]
    return pd.DataFrame(rows, columns=["what", "word", "populations"])
