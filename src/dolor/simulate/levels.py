"""Expected expression of every population: graded, shared between siblings, never quite absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.simulate.knowledge import Knowledge, Population
from dolor.simulate.universe import INVENTED

TOTAL = 10_000.0

# Spreads are standard deviations of natural logarithms.
_GENE_SPREAD = 0.35
_POPULATION_SPREAD = 0.3
_BACKGROUND = (0.03, 1.0)
_SIBLING_SHARE = (0.05, 0.6)
_MARKER = (6.0, 0.9)
_HOUSEKEEPING = (25.0, 0.7)
_FILLER = (1.2, 1.3)
_FILLER_SPREAD = 0.45
_MITOCHONDRIAL_SHARE = 0.05
_DISSOCIATION = 2.0


def expected_levels(
    knowledge: Knowledge, genes: Sequence[str], markers: Mapping[str, Sequence[str]], rng: np.random.Generator
) -> pd.DataFrame:
    """Draw the expected transcripts of each gene among 10,000, for each population.

    Parameters
    ----------
    knowledge
        What is stated of the populations.
    genes
        The simulated genes.
    markers
        Markers of the populations: where the knowledge is silent on one, it is expressed, well or poorly.
    rng
        Source of the grading: two studies of one seed share their levels.

    Returns
    -------
    Populations × genes; each row sums to 10,000. Genes of one sex alone are 0 here.
    """
    populations = list(knowledge.populations.values())
    stated = _stated_matrix(populations, genes)
    _let_markers_speak(stated, populations, genes, markers, rng)
    shape = stated.shape
    spread = rng.normal(0, _GENE_SPREAD, shape[1]) + rng.normal(0, _POPULATION_SPREAD, shape)
    background = _BACKGROUND[0] * np.exp(rng.normal(0, _BACKGROUND[1], shape[1]) + rng.normal(0, 0.4, shape))
    levels = np.where(np.isnan(stated), background, stated * np.exp(spread))
    _share_between_siblings(levels, stated, populations, genes, rng)
    column = {gene: place for place, gene in enumerate(genes)}
    levels[:, [column[gene] for one in knowledge.sex.values() for gene in one]] = 0.0
    common = _common_matrix(knowledge, populations, genes, rng)
    levels = np.where(np.isnan(stated) & (common > 0), 0.0, levels)
    common = np.where(np.isnan(stated), common, 0.0)
    room = np.maximum(TOTAL - levels.sum(axis=1), 0.15 * TOTAL)
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
    rng: np.random.Generator,
) -> None:
    """Give markers that the knowledge does not mention a level anywhere between faint and strong."""
    column = {gene: place for place, gene in enumerate(genes)}
    centre, spread = _MARKER
    of_gene = centre * np.exp(rng.normal(0, spread, len(genes)))
    for row, population in enumerate(populations):
        places = [column[gene] for gene in markers.get(population.name, ()) if gene not in population.stated]
        stated[row, places] = of_gene[places]


def _share_between_siblings(
    levels: NDArray[np.float64],
    stated: NDArray[np.float64],
    populations: Sequence[Population],
    genes: Sequence[str],
    rng: np.random.Generator,
) -> None:
    """Let what marks one population be found, weakly, in its siblings that say nothing of the gene."""
    column = {gene: place for place, gene in enumerate(genes)}
    classes = np.array([population.cell_class for population in populations])
    for row, population in enumerate(populations):
        own = [column[gene] for gene in population.own]
        siblings = np.flatnonzero(classes == population.cell_class)
        siblings = siblings[siblings != row]
        block = np.ix_(siblings, own)
        share = _SIBLING_SHARE[0] * np.exp(rng.normal(0, _SIBLING_SHARE[1], (len(siblings), len(own))))
        shared = np.minimum(share, 0.4) * levels[row, own]
        levels[block] = np.where(np.isnan(stated[block]), np.maximum(levels[block], shared), levels[block])


def _common_matrix(
    knowledge: Knowledge, populations: Sequence[Population], genes: Sequence[str], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Weigh the genes that all cells share; each population and lineage with its own accent."""
    lineages = sorted({population.lineage for population in populations})
    row_of_lineage = [lineages.index(population.lineage) for population in populations]
    weight = np.zeros(len(genes))
    kind = np.array([_kind(gene, knowledge) for gene in genes])
    for name, (centre, spread) in {"housekeeping": _HOUSEKEEPING, "filler": _FILLER}.items():
        chosen = kind == name
        weight[chosen] = centre * np.exp(rng.normal(0, spread, int(chosen.sum())))
    weight[kind == "dissociation"] = _DISSOCIATION
    mitochondrial = kind == "mitochondrial"
    share = weight.sum() * _MITOCHONDRIAL_SHARE / max(int(mitochondrial.sum()), 1)
    weight[mitochondrial] = share * np.exp(rng.normal(0, 0.5, int(mitochondrial.sum())))
    accent = rng.normal(0, _FILLER_SPREAD, (len(lineages), len(genes)))[row_of_lineage]
    accent = accent + rng.normal(0, 0.25, (len(populations), len(genes)))
    return np.asarray(weight * np.exp(np.where(kind == "filler", accent, accent * 0.5)))


def _kind(gene: str, knowledge: Knowledge) -> str:
    if gene.startswith(INVENTED):
        return "filler"
    for name in ("housekeeping", "mitochondrial", "dissociation"):
        if gene in getattr(knowledge, name):
            return name
    return ""
