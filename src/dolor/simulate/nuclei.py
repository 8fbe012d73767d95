"""Nuclei in place of whole cells: smaller, almost without mitochondrial transcripts, rich in those that stay inside."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from dolor.simulate.knowledge import Knowledge
from dolor.simulate.levels import TOTAL


def nuclear_levels(levels: pd.DataFrame, knowledge: Knowledge) -> pd.DataFrame:
    """Turn the levels of cells into those of their nuclei.

    Parameters
    ----------
    levels
        Populations × genes, expected transcripts among 10,000.
    knowledge
        What a nucleus holds against the whole cell.

    Returns
    -------
    The same form; each row sums to 10,000 again.
    """
    factors = pd.Series(knowledge.nucleus.factors).reindex(levels.columns).fillna(1.0)
    nuclear = levels * factors
    return nuclear.mul(TOTAL / nuclear.sum(axis=1), axis=0)


def nuclear_knowledge(knowledge: Knowledge) -> Knowledge:
    """Turn sizes of cells and levels of the genes of sex into those of nuclei."""
    nucleus = knowledge.nucleus
    sex = {
        word: {gene: level * nucleus.factors.get(gene, 1.0) for gene, level in genes.items()}
        for word, genes in knowledge.sex.items()
    }
    populations = {
        name: replace(population, library=population.library * nucleus.size)
        for name, population in knowledge.populations.items()
    }
    return replace(knowledge, sex=sex, populations=populations)
