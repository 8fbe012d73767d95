"""Who is in the study: animals in arms, the libraries that they gave, and the faults that real studies have.

Which populations a library holds, and how many cells of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.simulate.parameters import Knowledge
from dolor.simulate.planted_effects import ARMS, CONDITIONS, Plant, total_change

__all__ = ["BATCHES", "Animal", "Library", "draw_cells", "expected_proportions", "lacking", "plan"]

BATCHES = ("a", "b")
_LETTER = {"female": "F", "male": "M"}


@dataclass(frozen=True)
class Animal:
    """One animal, as it truly is."""

    donor_id: str
    condition: str
    sex: str


@dataclass(frozen=True)
class Library:
    """One sequenced library: what its label says, and which animals it holds."""

    sample_id: str
    condition: str
    reported_sex: str
    batch: str
    animals: tuple[Animal, ...]
    missing: str = ""

    @property
    def donor_id(self) -> str:
        """The donor as the metadata name it: a pool is one donor."""
        return "+".join(animal.donor_id for animal in self.animals)

    @property
    def true_sex(self) -> str:
        """The sex of the animals, ``mixed`` if they differ."""
        sexes = {animal.sex for animal in self.animals}
        return sexes.pop() if len(sexes) == 1 else "mixed"


def plan(compartment: str, n_animals: int, *, faults: bool = True, missing: str = "") -> list[Library]:
    """Plan the libraries of a study.

    Parameters
    ----------
    compartment
        Begins the name of each sample.
    n_animals
        Animals in each arm (condition × sex). Batches cross the arms.
    faults
        Add one pooled library of a female and a male; with two animals an arm or more, also give one male sample the
        label of a female, and one sample no cell of ``missing``.
    missing
        The population, or class, that one sample lacks.

    Returns
    -------
    One entry a library, arm by arm, the pooled one last.
    """
    libraries = []
    for condition, sex in ARMS:
        for number in range(1, n_animals + 1):
            name = f"{compartment}_{condition}_{_LETTER[sex]}{number}"
            animal = Animal(f"donor_{condition}_{_LETTER[sex]}{number}", condition, sex)
            batch = BATCHES[(number - 1) % 2]
            swapped = faults and n_animals >= 2 and (condition, sex, number) == ("injured", "male", n_animals)
            lacks = faults and n_animals >= 2 and (condition, sex, number) == ("naive", "male", 1)
            libraries.append(
                Library(name, condition, "female" if swapped else sex, batch, (animal,), missing if lacks else "")
            )
    if faults:
        libraries.append(_pooled(compartment))
    return libraries


def _pooled(compartment: str) -> Library:
    condition = CONDITIONS[1]
    animals = tuple(Animal(f"donor_{condition}_pool_{_LETTER[sex]}", condition, sex) for sex in _LETTER)
    return Library(f"{compartment}_{condition}_pool", condition, "mixed", BATCHES[0], animals)


_DONOR_SPREAD = 0.2


def expected_proportions(numbers: Mapping[str, float], plants: Sequence[Plant]) -> pd.DataFrame:
    """Return the expected share of each population in each arm.

    Parameters
    ----------
    numbers
        Relative numbers of the populations in the naive compartment.
    plants
        Planted changes; those of genes are passed over.

    Returns
    -------
    Populations × arms (condition, sex); each column sums to 1.
    """
    shares = pd.DataFrame(index=list(numbers), columns=pd.MultiIndex.from_tuples(ARMS), dtype=float)
    for condition, sex in ARMS:
        change = [
            total_change([p for p in plants if not p.gene and p.population == name], condition, sex) for name in numbers
        ]
        weights = np.array(list(numbers.values())) * np.exp2(change)
        shares[(condition, sex)] = weights / weights.sum()
    return shares


def draw_cells(
    expected: NDArray[np.float64], lacking: NDArray[np.bool_], n_cells: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Draw the population of each cell of one animal.

    Parameters
    ----------
    expected
        Expected shares of the populations.
    lacking
        Populations that this library does not hold.
    n_cells
        Cells to draw.
    rng
        Source of the animal's own composition and of the draw.

    Returns
    -------
    The place of each cell's population, in random order.
    """
    own = expected * np.exp(rng.normal(0, _DONOR_SPREAD, len(expected))) * ~lacking
    numbers = rng.multinomial(n_cells, own / own.sum())
    return rng.permutation(np.repeat(np.arange(len(expected)), numbers))


def lacking(knowledge: Knowledge, names: Sequence[str], missing: str) -> NDArray[np.bool_]:
    """Say which populations a library without ``missing`` (a population or a node above) does not hold."""
    members = set(knowledge.members(missing)) if missing else set()
    return np.array([name in members for name in names])
