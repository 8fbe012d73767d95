"""Expected transcripts of every cell of a library, from the levels of its population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.simulate.counts import library_sizes, module_factors
from dolor.simulate.design import Animal, Library
from dolor.simulate.knowledge import Knowledge
from dolor.simulate.levels import TOTAL
from dolor.simulate.plants import Plant, expression_change

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
