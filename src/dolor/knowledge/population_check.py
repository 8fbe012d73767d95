"""Checks of a whole set of populations, and the counts that a person wants to see."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dolor.errors import DataError
from dolor.knowledge.genes import resolve
from dolor.knowledge.population_form import COMPARTMENTS, LEVELS, ORGANISMS, Population
from dolor.knowledge.population_tree import PopulationTree

__all__ = ["counts", "gene_problems", "refuse_unknown_genes"]


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
    """Raise :class:`~dolor.errors.DataError` for the first marker that names no gene, or several."""
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
