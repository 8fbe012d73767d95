"""Expected expression of every population: graded, shared between siblings, never quite absent.

Nuclei in place of whole cells: smaller, almost without mitochondrial transcripts, rich in those that stay inside.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.simulate.gene_set import INVENTED
from dolor.simulate.parameters import Knowledge, Population

__all__ = ["TOTAL", "expected_levels", "gene_noise", "nuclear_knowledge", "nuclear_levels"]

TOTAL = 10_000.0

# Spreads are standard deviations of natural logarithms; pairs are (centre, spread).
_GENE_SPREAD = 0.35
_POPULATION_SPREAD = 0.3
_BACKGROUND = (0.03, 1.0)
_BACKGROUND_SPREAD = 0.4
_SIBLING_SHARE = (0.05, 0.6)
_LARGEST_SHARE = 0.4
_MARKER = (6.0, 0.9)
# Weights among the genes that all cells have; these fill what the others leave, and at least this much.
_COMMON = {
    "housekeeping": (25.0, 0.7), "mitochondrial": (20.0, 0.5), "dissociation": (2.0, 0.0), "invented": (1.2, 1.3),
}  # fmt: skip
_COMMON_ACCENT = 0.15
_INVENTED_ACCENT = 0.4
_LEAST_COMMON = 0.15


def gene_noise(genes: Sequence[str], n_rows: int, seed: int) -> NDArray[np.float64]:
    """Draw standard normal numbers that hang on each gene's name, so that a gene more or less changes no other.

    Parameters
    ----------
    genes
        Names.
    n_rows
        Numbers wanted of each gene.
    seed
        Seed.

    Returns
    -------
    ``n_rows`` × genes.

    Examples
    --------
    >>> bool((gene_noise(["Tnf", "Il6"], 3, 0)[:, 1] == gene_noise(["Il6"], 3, 0)[:, 0]).all())
    True
    """
    columns = [np.random.default_rng([seed, zlib.crc32(gene.encode())]).standard_normal(n_rows) for gene in genes]
    return np.stack(columns, axis=1)


def expected_levels(
    knowledge: Knowledge, genes: Sequence[str], markers: Mapping[str, Sequence[str]], seed: int
) -> pd.DataFrame:
    """Grade the expected transcripts of each gene among 10,000, for each population.

    Parameters
    ----------
    knowledge
        What is stated of the populations.
    genes
        The simulated genes.
    markers
        Markers of the populations: where the knowledge is silent on one, it is expressed, well or poorly.
    seed
        Seed of the grading: two studies of one seed share their levels.

    Returns
    -------
    Populations × genes; each row sums to 10,000. Genes of one sex alone are 0 here.
    """
    populations = list(knowledge.populations.values())
    size = len(populations)
    noise = gene_noise(genes, 4 * (size + 1), seed).reshape(4, size + 1, len(genes))
    stated = _stated_matrix(populations, genes)
    _let_markers_speak(stated, populations, genes, markers, noise[2, size])
    spread = _GENE_SPREAD * noise[0, size] + _POPULATION_SPREAD * noise[0, :size]
    background = _BACKGROUND[0] * np.exp(_BACKGROUND[1] * noise[1, size] + _BACKGROUND_SPREAD * noise[1, :size])
    levels = np.where(np.isnan(stated), background, stated * np.exp(spread))
    share = np.minimum(_SIBLING_SHARE[0] * np.exp(_SIBLING_SHARE[1] * noise[2, :size]), _LARGEST_SHARE)
    _share_between_siblings(levels, stated, share, populations, genes)
    levels[:, pd.Index(genes).isin([gene for one in knowledge.sex.values() for gene in one])] = 0.0
    common = np.where(np.isnan(stated), _common_matrix(knowledge, populations, genes, noise[3]), 0.0)
    levels = np.where(common > 0, 0.0, levels)
    room = np.maximum(TOTAL - levels.sum(axis=1), _LEAST_COMMON * TOTAL)
    levels += common * (room / common.sum(axis=1))[:, None]
    levels *= TOTAL / levels.sum(axis=1, keepdims=True)
    return pd.DataFrame(levels, index=list(knowledge.populations), columns=list(genes))


def _stated_matrix(populations: Sequence[Population], genes: Sequence[str]) -> NDArray[np.float64]:
    column = {gene: place for place, gene in enumerate(genes)}
    stated = np.full((len(populations), len(genes)), np.nan)
    for row, population in enumerate(populations):
        for gene, level in population.stated.items():
            stated[row, column[gene]] = level
    return stated


def _let_markers_speak(
    stated: NDArray[np.float64],
    populations: Sequence[Population],
    genes: Sequence[str],
    markers: Mapping[str, Sequence[str]],
    noise: NDArray[np.float64],
) -> None:
    """Give markers that the knowledge does not mention a level anywhere between faint and strong, in place."""
    column = {gene: place for place, gene in enumerate(genes)}
    of_gene = _MARKER[0] * np.exp(_MARKER[1] * noise)
    for row, population in enumerate(populations):
        places = [column[gene] for gene in markers.get(population.name, ()) if gene not in population.stated]
        stated[row, places] = of_gene[places]


def _share_between_siblings(
    levels: NDArray[np.float64],
    stated: NDArray[np.float64],
    share: NDArray[np.float64],
    populations: Sequence[Population],
    genes: Sequence[str],
) -> None:
    """Let what marks one population be found, weakly, in its siblings that say nothing of the gene, in place."""
    column = {gene: place for place, gene in enumerate(genes)}
    classes = np.array([population.cell_class for population in populations])
    for row, population in enumerate(populations):
        own = np.array([column[gene] for gene in population.own], dtype=np.intp)
        siblings = np.flatnonzero((classes == population.cell_class) & (np.arange(len(classes)) != row))
        block = np.ix_(siblings, own)
        shared = np.maximum(levels[block], share[block] * levels[row, own])
        levels[block] = np.where(np.isnan(stated[block]), shared, levels[block])


def _common_matrix(
    knowledge: Knowledge, populations: Sequence[Population], genes: Sequence[str], noise: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weigh the genes that all cells share, 0 for others; each population and lineage has its own accent."""
    size = len(populations)
    kind = np.array([_kind(gene, knowledge) for gene in genes])
    centre = np.select([kind == name for name in _COMMON], [level for level, _ in _COMMON.values()], 0.0)
    spread = np.select([kind == name for name in _COMMON], [width for _, width in _COMMON.values()], 0.0)
    weight = centre * np.exp(spread * noise[size])
    first = {population.lineage: row for row, population in reversed(list(enumerate(populations)))}
    of_lineage = noise[[first[population.lineage] for population in populations]]
    accent = np.where(kind == "invented", _INVENTED_ACCENT, _COMMON_ACCENT)
    return np.asarray(weight * np.exp(accent * of_lineage + _COMMON_ACCENT * noise[:size]))


def _kind(gene: str, knowledge: Knowledge) -> str:
    if gene.startswith(INVENTED):
        return "invented"
    return next((name for name in _COMMON if gene in getattr(knowledge, name, ())), "")


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
