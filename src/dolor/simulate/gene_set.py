"""Which genes are simulated, and which of them are known as markers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from dolor.knowledge import catalog, gene_logic, populations
from dolor.simulate.parameters import Knowledge

INVENTED = "Sim"


def gene_universe(knowledge: Knowledge, n_genes: int) -> list[str]:
    """Return the simulated genes.

    Parameters
    ----------
    knowledge
        What is stated of the populations.
    n_genes
        Genes wanted.

    Returns
    -------
    All genes that the knowledge, the mediator catalog and the marker table name, sorted; then invented ones
    (``Sim0001``) until there are ``n_genes``.
    """
    sexed = {gene for genes in knowledge.sex.values() for gene in genes}
    named = sexed | catalog_genes() | {*knowledge.housekeeping, *knowledge.mitochondrial, *knowledge.dissociation}
    named |= {*knowledge.other_genes, *knowledge.ambient_excess}
    named |= {gene for population in knowledge.populations.values() for gene in population.stated}
    named |= set(populations.markers("mouse")["gene"])
    invented = [f"{INVENTED}{number:04d}" for number in range(1, max(0, n_genes - len(named)) + 1)]
    return sorted(named) + invented


@cache
def catalog_genes(side: str = "") -> frozenset[str]:
    """Return the mouse genes of the mediator catalog, of one ``side`` (``ligand``, ``receptor``) or of both."""
    pairs = catalog.interactions("mouse")
    sides = (side,) if side else ("ligand", "receptor")
    return frozenset(gene for one in sides for text in pairs[one] for gene in gene_logic.genes(text))


def roles(gene: str) -> str:
    """Say what a gene is in the catalog: ``ligand``, ``receptor``, ``ligand;receptor`` or nothing.

    Examples
    --------
    >>> roles("Il1b"), roles("Actb")
    ('ligand', '')
    """
    return ";".join(side for side in ("ligand", "receptor") if gene in catalog_genes(side))


def markers_of(knowledge: Knowledge) -> Mapping[str, tuple[str, ...]]:
    """Return, for each simulated population, the positive markers that it and all above it have in the marker table."""
    tree = populations.tree()
    table = populations.markers("mouse")
    positive = table[table["sign"] > 0].groupby("population")["gene"].agg(tuple)
    return {
        name: tuple(gene for node in (name, *tree.ancestors(name)) for gene in positive.get(node, ()))
        for name in knowledge.populations
        if name in tree
    }
