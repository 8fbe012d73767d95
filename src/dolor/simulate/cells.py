"""From expected levels to counts: cell sizes, extra-Poisson noise, cells that broke. Pure functions on arrays.

Expected transcripts of every cell of a library, from the levels of its population.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.simulate.design import Animal, Library
from dolor.simulate.expression import TOTAL
from dolor.simulate.parameters import Knowledge
from dolor.simulate.planted_effects import Plant, expression_change

__all__ = [
    "Setting",
    "animal_levels",
    "cell_factors",
    "draw_modules",
    "expected_counts",
    "gamma_poisson",
    "library_sizes",
    "module_factors",
]

_LIBRARY_SPREAD = 0.4
_MITOCHONDRIAL_SPREAD = 0.35
_DISSOCIATION_SPREAD = 0.8
_MODULE_GENES = 0.15
_MODULE_LOADING = 0.4
_DAMAGED_COUNTS = 0.25
_DAMAGED_MITOCHONDRIA = 6.0


def library_sizes(medians: NDArray[np.float64], depth: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the expected transcripts of each cell: lognormal around the median of its population.

    Parameters
    ----------
    medians
        Median transcripts of each cell's population.
    depth
        Depth of the library against the average one.
    rng
        Source of the draw.
    """
    return np.asarray(medians * depth * np.exp(rng.normal(0, _LIBRARY_SPREAD, len(medians))))


def draw_modules(n_modules: int, n_genes: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw sets of genes that rise and fall together within every population; modules × genes, mostly 0."""
    taking_part = rng.random((n_modules, n_genes)) < _MODULE_GENES
    return np.asarray(taking_part * rng.normal(0, _MODULE_LOADING, (n_modules, n_genes)))


def module_factors(n_cells: int, modules: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw how far each cell has moved along the modules; cells × genes, a factor of mean 1 on expression."""
    moved = rng.normal(0, 1, (n_cells, len(modules))) @ modules
    return np.asarray(np.exp(moved - (modules**2).sum(axis=0) / 2))


def cell_factors(
    n_cells: int, groups: NDArray[np.int_], damaged: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw how much each cell has of what handling changes: mitochondrial transcripts, the response to dissociation.

    Parameters
    ----------
    n_cells
        Cells.
    groups
        For each gene 1 (mitochondrial), 2 (dissociation) or 0 (neither).
    damaged
        Cells that lost most of their cytoplasm.
    rng
        Source of the draw.

    Returns
    -------
    Cells × genes, the factor on expected expression.
    """
    by_group = np.ones((n_cells, 3))
    by_group[:, 1] = np.exp(rng.normal(0, _MITOCHONDRIAL_SPREAD, n_cells))
    by_group[:, 2] = np.exp(rng.normal(0, _DISSOCIATION_SPREAD, n_cells))
    by_group[damaged] *= _DAMAGED_COUNTS
    by_group[damaged, 1] *= _DAMAGED_MITOCHONDRIA
    return by_group[:, groups]


def gamma_poisson(
    expected: NDArray[np.float64], dispersion: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int32]:
    """Draw negative-binomial counts.

    Parameters
    ----------
    expected
        Cells × genes, the mean.
    dispersion
        Of each gene; the variance is ``mean + dispersion * mean²``.
    rng
        Source of the draw.

    Returns
    -------
    Cells × genes, counts.

    Examples
    --------
    >>> import numpy as np
    >>> counts = gamma_poisson(np.full((20_000, 1), 4.0), np.array([0.5]), np.random.default_rng(0))
    >>> bool(abs(counts.mean() - 4) < 0.1), bool(abs(counts.var() - 12) < 1)
    (True, True)
    """
    shape = np.broadcast_to(1.0 / dispersion, expected.shape)
    rates = rng.standard_gamma(shape) * dispersion * expected
    return rng.poisson(rates).astype(np.int32)


_DONOR_SPREAD = 0.12


@dataclass(frozen=True)
class Setting:
    """What all libraries of a study share; populations are those of the compartment, in one order throughout."""

    compartment: str
    knowledge: Knowledge
    levels: pd.DataFrame
    shares: pd.DataFrame
    plants: tuple[Plant, ...]
    batches: Mapping[str, NDArray[np.float64]]
    dispersion: NDArray[np.float64]
    modules: NDArray[np.float64]
    doublet_rate: float = 0.04
    ambient_share: float = 0.05
    cells_per_sample: int = 400
    suspension_type: str = "cell"


def expected_counts(
    library: Library,
    setting: Setting,
    population: NDArray[np.intp],
    animal: NDArray[np.intp],
    depth: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return what each cell is expected to give.

    Parameters
    ----------
    library, setting
        The library and what it shares with the others.
    population, animal
        Place of each cell's population in the levels, and of its animal in the library.
    depth
        Depth of the library against the average one.
    rng
        Source of everything random.

    Returns
    -------
    Expected transcripts, cells × genes, and which cells carry transcripts of what they ate.
    """
    medians = np.array([setting.knowledge.populations[name].library for name in setting.levels.index])
    sizes = library_sizes(medians[population], depth, rng)
    expected = np.empty((len(population), setting.levels.shape[1]))
    for place, one in enumerate(library.animals):
        cells = np.flatnonzero(animal == place)
        rates = animal_levels(one, setting, rng) * setting.batches[library.batch]
        expected[cells] = rates[population[cells]]
    expected *= module_factors(len(expected), setting.modules, rng) * (sizes / TOTAL)[:, None]
    fed = _draw_fed(library.condition, setting, population, rng)
    _feed(expected, fed, setting)
    return expected, fed


def animal_levels(animal: Animal, setting: Setting, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return one animal's levels, populations × genes: with planted changes, genes of its sex and its own accent."""
    levels, knowledge = setting.levels, setting.knowledge
    members = {plant.population: knowledge.members(plant.population) for plant in setting.plants}
    change = expression_change(levels, members, setting.plants, animal.condition, animal.sex)
    rates = levels.to_numpy() * np.exp2(change)
    for gene, level in knowledge.sex[animal.sex].items():
        rates[:, levels.columns.get_loc(gene)] = level
    classes, row = np.unique([knowledge.populations[name].cell_class for name in levels.index], return_inverse=True)
    accent = rng.normal(0, _DONOR_SPREAD, (len(classes), rates.shape[1]))[row]
    return np.asarray(rates * np.exp(accent + rng.normal(0, _DONOR_SPREAD, rates.shape[1])))


def _draw_fed(
    condition: str, setting: Setting, population: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw which phagocytes carry transcripts of what they ate."""
    phagocytosis, known = setting.knowledge.phagocytosis, setting.knowledge.populations
    eats = np.array([known[name].cell_class in phagocytosis.eaters for name in setting.levels.index])
    return np.asarray(eats[population] & (rng.random(len(population)) < phagocytosis.rate[condition]))


def _feed(expected: NDArray[np.float64], fed: NDArray[np.bool_], setting: Setting) -> None:
    """Replace a share of a fed cell's transcripts, in place, by those of the population that it ate."""
    phagocytosis = setting.knowledge.phagocytosis
    meal = setting.levels.loc[phagocytosis.eaten[setting.compartment]].to_numpy() / TOTAL
    sizes = expected[fed].sum(axis=1, keepdims=True)
    expected[fed] = (1 - phagocytosis.share) * expected[fed] + phagocytosis.share * sizes * meal
