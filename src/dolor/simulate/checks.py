"""What a simulation refuses to be asked for."""

from __future__ import annotations

from collections.abc import Sequence

from dolor.contracts.vocabulary import ORGANISMS
from dolor.errors import UsageError
from dolor.simulate.knowledge import Knowledge
from dolor.simulate.plants import Plant


def check_sizes(n_animals: int, cells_per_sample: int, doublet_rate: float, ambient_share: float) -> None:
    """Refuse sizes and shares that no study has."""
    for name, number in (("n_animals", n_animals), ("cells_per_sample", cells_per_sample)):
        if number < 1:
            raise UsageError(f"{name} is {number}: it must be at least 1")
    for name, share in (("doublet_rate", doublet_rate), ("ambient_share", ambient_share)):
        if not 0 <= share < 1:
            raise UsageError(f"{name} is {share}: it must be at least 0 and below 1")


def check_words(organism: str, suspension_type: str) -> None:
    """Refuse an organism or a kind of suspension that is not simulated."""
    for what, word, known in (
        ("organism", organism, ORGANISMS),
        ("suspension_type", suspension_type, ("cell", "nucleus")),
    ):
        if word not in known:
            raise UsageError(f"{what} '{word}' cannot be simulated: use {', '.join(known)}")


def check_plants(plants: Sequence[Plant], known: Knowledge, present: Sequence[str], genes: Sequence[str]) -> None:
    """Refuse a plant that would change nothing."""
    for plant in plants:
        here = set(known.members(plant.population)) & set(present) if plant.gene else {plant.population} & set(present)
        if not here:
            what = "populations and nodes above them" if plant.gene else "populations"
            raise UsageError(
                f"a planted change names the population '{plant.population}', which this compartment does not hold; "
                f"its {what} are in signatures/simulation.yaml"
            )
        if plant.gene and plant.gene not in set(genes):
            raise UsageError(f"a planted change names the gene '{plant.gene}', which is not simulated")
