"""What a simulated study hides: changes of cell numbers and of transcripts a cell, each in some arms of the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.errors import UsageError

CONDITIONS = ("naive", "injured")
# What was done to the animals, in the words of the registry.
MODELS = MappingProxyType({"naive": "naive", "injured": "nerve_injury"})
SEXES = ("female", "male")
ARMS = tuple((condition, sex) for condition in CONDITIONS for sex in SEXES)


@dataclass(frozen=True)
class Plant:
    """One planted change.

    Parameters
    ----------
    population
        A population, or for a gene also a type, class or lineage: all populations of it change.
    log2
        Change of the expected number of cells, or of the gene's expected transcripts a cell.
    gene
        The gene; empty for a change of cell numbers.
    condition, sex
        Where the change holds; empty: in both.
    """

    population: str
    log2: float
    gene: str = ""
    condition: str = ""
    sex: str = ""

    def __post_init__(self) -> None:
        for word, known, what in ((self.condition, CONDITIONS, "condition"), (self.sex, SEXES, "sex")):
            if word and word not in known:
                raise UsageError(
                    f"a planted change names the {what} '{word}': use {', '.join(known)} or leave it empty"
                )

    @property
    def pattern(self) -> str:
        """``condition``, ``sex``, or ``one_sex`` for a change with condition that one sex alone shows."""
        if self.condition and self.sex:
            return "one_sex"
        return "sex" if self.sex else "condition"

    def change(self, condition: str, sex: str) -> float:
        """Return the log2 change in one arm; 0 where the plant does not hold.

        Examples
        --------
        >>> plant = Plant("t_cell", 2.5, gene="Il17a", condition="injured", sex="female")
        >>> plant.change("injured", "female"), plant.change("injured", "male")
        (2.5, 0.0)
        """
        holds = self.condition in ("", condition) and self.sex in ("", sex)
        return self.log2 if holds else 0.0


def parse_plants(table: dict[str, list[dict[str, object]]]) -> tuple[Plant, ...]:
    """Read the plants of one compartment as ``signatures/simulation.yaml`` writes them."""
    plants = []
    for row in (*table.get("composition", ()), *table.get("expression", ())):
        arms = str(row.get("arms", "")).split()
        condition = next((word for word in arms if word in CONDITIONS), "")
        sex = next((word for word in arms if word in SEXES), "")
        plants.append(Plant(str(row["population"]), float(str(row["log2"])), str(row.get("gene", "")), condition, sex))
    return tuple(plants)


def total_change(plants: Sequence[Plant], condition: str, sex: str) -> float:
    """Return the summed log2 change of several plants in one arm."""
    return sum(plant.change(condition, sex) for plant in plants)


def expression_change(
    levels: pd.DataFrame,
    members: Mapping[str, Sequence[str]],
    plants: Sequence[Plant],
    condition: str,
    sex: str,
) -> NDArray[np.float64]:
    """Return the log2 change of every gene in one arm.

    Parameters
    ----------
    levels
        Populations × genes; only its labels are read.
    members
        The populations that each plant's node holds.
    plants
        Changes of genes.
    condition, sex
        The arm.

    Returns
    -------
    Populations × genes.
    """
    change = np.zeros(levels.shape)
    for plant in plants:
        rows = levels.index.isin(members[plant.population])
        change[rows, levels.columns.get_loc(plant.gene)] += plant.change(condition, sex)
    return change
