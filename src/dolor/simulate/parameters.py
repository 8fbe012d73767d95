"""The table that simulations are made from, ``signatures/simulation.yaml``, read and checked.

What a simulation hands out: cells, and the truth about them.

What a simulation refuses to be asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from dolor.core import package_files
from dolor.core.errors import DataError, UsageError
from dolor.core.package_files import signature_path
from dolor.core.vocabulary import ORGANISMS
from dolor.simulate.planted_effects import Plant, parse_plants

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = [
    "Knowledge",
    "Nucleus",
    "Phagocytosis",
    "Population",
    "Study",
    "check_plants",
    "check_sizes",
    "check_words",
    "load",
]


@dataclass(frozen=True)
class Population:
    """One simulated population: where it stands in the tree, how large its cells are, what they express."""

    name: str
    lineage: str
    cell_class: str
    cell_type: str
    library: float
    inherited: Mapping[str, float]
    own: Mapping[str, float]

    @property
    def stated(self) -> dict[str, float]:
        """All that the table says of the population's genes."""
        return {**self.inherited, **self.own}

    @property
    def nodes(self) -> tuple[str, ...]:
        """The population and all that it belongs to."""
        return (self.name, self.cell_type, self.cell_class, self.lineage)


@dataclass(frozen=True)
class Phagocytosis:
    """Cells that carry transcripts of what they ate: who, of whom, which share of them, how often in each condition."""

    eaters: tuple[str, ...]
    eaten: Mapping[str, str]
    share: float
    rate: Mapping[str, float]


@dataclass(frozen=True)
class Nucleus:
    """What a nucleus holds against the whole cell: its size, and factors of genes and groups of genes."""

    size: float
    factors: Mapping[str, float]


@dataclass(frozen=True)
class Knowledge:
    """All that a simulation knows; levels are expected transcripts among 10,000."""

    populations: Mapping[str, Population]
    housekeeping: tuple[str, ...]
    mitochondrial: tuple[str, ...]
    dissociation: tuple[str, ...]
    other_genes: tuple[str, ...]
    sex: Mapping[str, Mapping[str, float]]
    ambient_excess: Mapping[str, float]
    nucleus: Nucleus
    phagocytosis: Phagocytosis
    clinging: Mapping[str, str]
    tissues: Mapping[str, str]
    numbers: Mapping[str, Mapping[str, float]]
    missing: Mapping[str, str]
    plants: Mapping[str, tuple[Plant, ...]]

    def members(self, node: str) -> tuple[str, ...]:
        """Return the populations of a node of the tree, in the order of the table."""
        return tuple(name for name, population in self.populations.items() if node in population.nodes)

    def check_compartment(self, compartment: str) -> None:
        """Refuse a compartment that the table does not describe."""
        if compartment not in self.numbers:
            raise UsageError(f"compartment '{compartment}' cannot be simulated: use {', '.join(self.numbers)}")


@cache
def load() -> Knowledge:
    """Read ``signatures/simulation.yaml``."""
    path = signature_path("simulation.yaml")
    table = package_files.load(path)
    levels: dict[str, float] = {word: float(level) for word, level in table["levels"].items()}
    programmes = {name: _stated(entry, levels) for name, entry in table["programmes"].items()}
    populations = {
        name: _population(name, entry, programmes, levels, str(path)) for name, entry in table["populations"].items()
    }
    compartments: dict[str, Any] = table["compartments"]
    return Knowledge(
        populations=MappingProxyType(populations),
        housekeeping=tuple(table["housekeeping"].split()),
        mitochondrial=tuple(table["mitochondrial"].split()),
        dissociation=tuple(table["dissociation"].split()),
        other_genes=tuple(table["other_genes"].split()),
        sex={sex: {gene: levels[word] for gene, word in genes.items()} for sex, genes in table["sex"].items()},
        ambient_excess={gene: float(factor) for gene, factor in table["ambient_excess"].items()},
        nucleus=_nucleus(table),
        phagocytosis=_phagocytosis(table["phagocytosis"]),
        clinging=table["clinging"],
        tissues={name: entry["tissue"] for name, entry in compartments.items()},
        numbers={name: _numbers(entry["numbers"], populations, str(path)) for name, entry in compartments.items()},
        missing=table["missing"],
        plants={name: parse_plants(entry) for name, entry in table["plants"].items()},
    )


def _stated(entry: Mapping[str, Any], levels: Mapping[str, float]) -> dict[str, float]:
    """Gather the genes that an entry lists under the words of level."""
    return {gene: level for word, level in levels.items() for gene in str(entry.get(word, "")).split()}


def _population(
    name: str, entry: Mapping[str, Any], programmes: Mapping[str, dict[str, float]], levels: dict[str, float], path: str
) -> Population:
    inherited: dict[str, float] = {}
    for programme in entry["programmes"].split():
        if programme not in programmes:
            raise DataError(f"{path}: population '{name}' names the programme '{programme}', which is not defined")
        inherited |= programmes[programme]
    return Population(
        name=name,
        lineage=entry["lineage"],
        cell_class=entry["class"],
        cell_type=entry.get("type", name),
        library=float(entry["library"]),
        inherited=MappingProxyType(inherited),
        own=MappingProxyType(_stated(entry, levels)),
    )


def _nucleus(table: Mapping[str, Any]) -> Nucleus:
    entry = table["nucleus"]
    groups = {gene: float(entry[name]) for name in ("mitochondrial", "dissociation") for gene in table[name].split()}
    return Nucleus(float(entry["size"]), {**groups, **{gene: float(factor) for gene, factor in entry["genes"].items()}})


def _phagocytosis(entry: Mapping[str, Any]) -> Phagocytosis:
    rate = {condition: float(rate) for condition, rate in entry["rate"].items()}
    return Phagocytosis(tuple(entry["eaters"].split()), entry["eaten"], float(entry["share"]), rate)


def _numbers(entry: Mapping[str, Any], populations: Mapping[str, Population], path: str) -> dict[str, float]:
    unknown = sorted(set(entry) - set(populations))
    if unknown:
        raise DataError(f"{path}: compartments name populations that are not defined: {', '.join(unknown)}")
    return {name: float(number) for name, number in entry.items()}


@dataclass(frozen=True)
class Study:
    """A simulated study.

    Attributes
    ----------
    cells
        Cells, as every stage takes them; the ``truth_*`` columns of ``obs`` are the truth.
    truth
        What was planted and what each contrast should find, log2.
    samples
        One row a library: true sex, share of ambient transcripts, depth, doublets.
    levels
        Populations × genes: expected transcripts among 10,000 in the naive state, without those of one sex alone.
    ambient
        Samples × genes: ambient profiles, each summing to 1.
    """

    cells: AnnData
    truth: pd.DataFrame
    samples: pd.DataFrame
    levels: pd.DataFrame
    ambient: pd.DataFrame


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
