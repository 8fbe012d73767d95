"""What a contrast should find: log2 effects from the expected levels of the four arms.

The truth table: for every planted change, and for matched genes without one, what each contrast should find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dolor.simulate.design import Library
from dolor.simulate.gene_set import INVENTED, roles
from dolor.simulate.parameters import Knowledge
from dolor.simulate.planted_effects import ARMS, Plant, expression_change

__all__ = ["TRUTH_COLUMNS", "ArmLevel", "Expectation", "Row", "contrast_effects", "truth_table"]

# Log2 level of an arm: (condition, sex) -> number.
ArmLevel = Callable[[str, str], float]
Row = dict[str, object]


def contrast_effects(level: ArmLevel) -> list[Row]:
    """Return the log2 effect of every contrast, from the log2 levels of the four arms.

    Parameters
    ----------
    level
        Log2 level of an arm.

    Returns
    -------
    One row a contrast: condition over both sexes and in each, sex over both conditions and in each, interaction.

    Examples
    --------
    >>> only_females = lambda condition, sex: 2.0 * (condition == "injured") * (sex == "female")
    >>> {row["contrast_type"] + ":" + row["stratum"]: row["effect"] for row in contrast_effects(only_females)}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'condition:': 1.0, 'condition_in_sex:female': 2.0, 'condition_in_sex:male': 0.0, 'sex:': 1.0,
     'sex_in_condition:naive': 0.0, 'sex_in_condition:injured': 2.0, 'interaction:': 2.0}
    """
    by_condition = {sex: level("injured", sex) - level("naive", sex) for sex in ("female", "male")}
    by_sex = {condition: level(condition, "female") - level(condition, "male") for condition in ("naive", "injured")}
    injury, sexes = ("injured", "naive"), ("female", "male")
    entries = [("condition", *injury, "", sum(by_condition.values()) / 2)]
    entries += [("condition_in_sex", *injury, sex, effect) for sex, effect in by_condition.items()]
    entries += [("sex", *sexes, "", sum(by_sex.values()) / 2)]
    entries += [("sex_in_condition", *sexes, condition, effect) for condition, effect in by_sex.items()]
    entries += [("interaction", "injured:female", "naive:male", "", by_condition["female"] - by_condition["male"])]
    names = ("contrast_type", "case", "reference", "stratum", "effect")
    return [dict(zip(names, entry, strict=True)) for entry in entries]


@dataclass(frozen=True)
class Expectation:
    """Expected levels and shares of a compartment's populations in every arm.

    Attributes
    ----------
    knowledge
        Where the populations stand in the tree.
    levels
        Populations × genes, among 10,000 transcripts, without any change.
    shares
        Populations × arms, each arm summing to 1.
    plants
        Changes of genes.
    """

    knowledge: Knowledge
    levels: pd.DataFrame
    shares: pd.DataFrame
    plants: Sequence[Plant]

    def members(self, node: str) -> list[str]:
        """Return the populations of a node that live in the compartment."""
        return [name for name in self.knowledge.members(node) if name in self.levels.index]

    def changed_levels(self) -> Mapping[tuple[str, str], pd.DataFrame]:
        """Return the levels of each arm, populations × genes."""
        members = {plant.population: self.members(plant.population) for plant in self.plants}
        return {arm: self.levels * np.exp2(expression_change(self.levels, members, self.plants, *arm)) for arm in ARMS}

    def pooled_levels(self, node: str) -> pd.DataFrame:
        """Return the mean level of each gene over the cells of a node, log2, genes × arms.

        Changed shares of the node's populations change it too: this is what one sees who takes the node for one
        cell type.
        """
        members = self.members(node)
        pooled = {}
        for arm, levels in self.changed_levels().items():
            weights = self.shares[arm].loc[members]
            mean = levels.loc[members].mul(weights, axis=0).sum() / weights.sum()
            pooled[arm] = np.log2(mean.clip(lower=1e-6))
        return pd.DataFrame(pooled)


TRUTH_COLUMNS = (
    "dataset_id", "compartment", "kind", "pattern", "contrast_type", "case", "reference", "stratum",
    "population", "populations", "gene", "role", "effect", "pooled_effect", "planted", "sample_id",
)  # fmt: skip

# A null gene may seem to change by no more than this (log2) in whom takes a whole class for one cell type.
_NULL_TOLERANCE = 0.1


def truth_table(
    dataset_id: str, compartment: str, expected: Expectation, plants: Sequence[Plant], libraries: Iterable[Library]
) -> pd.DataFrame:
    """Write down what a study hides.

    Parameters
    ----------
    dataset_id, compartment
        Name and place of the study.
    expected
        Expected levels and shares.
    plants
        All that is planted, in genes and in cell numbers.
    libraries
        The design with its faults.

    Returns
    -------
    One row a (plant, contrast), ``kind`` telling of what:

    - ``expression``: transcripts a cell of ``gene`` in each of ``populations`` (``effect``); ``pooled_effect`` is what
      one sees who takes ``population`` for one cell type, so with the shift among its populations. ``role``: the side
      of the gene in the mediator catalog.
    - ``null``: the same of a gene of about that level which nothing changes.
    - ``composition``: the share of ``population`` among the cells; ``planted`` is ``no`` where it only gives way.
    - ``pooled_library``, ``swapped_sex`` (``stratum``: the true sex), ``missing_population``: faults of ``sample_id``.
    """
    rows = _expression_rows(expected) + _null_rows(expected) + _composition_rows(expected, plants)
    rows += _fault_rows(libraries)
    table = pd.DataFrame(rows, columns=list(TRUTH_COLUMNS))
    table["dataset_id"], table["compartment"] = dataset_id, compartment
    table["planted"] = table["planted"].map({True: "yes", False: "no"})
    numbers = ["effect", "pooled_effect"]
    table[numbers] = table[numbers].astype(float).round(6) + 0.0
    return table.fillna(dict.fromkeys(table.columns.difference(numbers), ""))


def _expression_rows(expected: Expectation) -> list[Row]:
    """List the changes of transcripts a cell, one row a plant and contrast."""
    rows: list[Row] = []
    for plant in expected.plants:
        pooled = _of_gene(expected.pooled_levels(plant.population), plant.gene)
        about = _about("expression", expected, plant.population, plant.gene)
        rows += _rows(about | {"pattern": plant.pattern, "planted": True}, plant.change, pooled)
    return rows


def _null_rows(expected: Expectation) -> list[Row]:
    """Match to every planted gene one of about its level that nothing changes."""
    rows: list[Row] = []
    taken = {plant.gene for plant in expected.plants} | _not_neutral(expected.knowledge)
    free = {gene for gene in expected.levels.columns if gene not in taken and not gene.startswith(INVENTED)}
    for plant in expected.plants:
        pooled = expected.pooled_levels(plant.population)
        spread = pooled.max(axis=1) - pooled.min(axis=1)
        steady = [gene for gene in spread.index[spread <= _NULL_TOLERANCE] if gene in free]
        naive = pooled[ARMS[0]]
        matched = str((naive[steady] - naive[plant.gene]).abs().idxmin())
        free.remove(matched)
        about = _about("null", expected, plant.population, matched)
        rows += _rows(about | {"pattern": "", "planted": False}, lambda condition, sex: 0.0, _of_gene(pooled, matched))
    return rows


def _composition_rows(expected: Expectation, plants: Sequence[Plant]) -> list[Row]:
    """List what happens to the share of every population and class; what is not planted gives way to what is."""
    rows: list[Row] = []
    knowledge = expected.knowledge
    nodes = dict.fromkeys(node for name in expected.levels.index for node in knowledge.populations[name].nodes)
    planted = {plant.population: plant for plant in plants if not plant.gene}
    for node in nodes:
        members = expected.members(node)
        share = {arm: float(np.log2(expected.shares[arm].loc[members].sum())) for arm in ARMS}
        about = _about("composition", expected, node, "")
        own = planted.get(node)
        about |= {"pattern": own.pattern if own else "", "planted": own is not None}
        rows += _rows(about, _level_of(share), share)
    return rows


def _fault_rows(libraries: Iterable[Library]) -> list[Row]:
    """List the faults of the design: pooled and swapped samples, and what a sample lacks."""
    rows: list[Row] = []
    for library in libraries:
        if library.reported_sex == "mixed":
            rows.append({"kind": "pooled_library", "sample_id": library.sample_id})
        elif library.reported_sex != library.true_sex:
            rows.append({"kind": "swapped_sex", "sample_id": library.sample_id, "stratum": library.true_sex})
        if library.missing:
            rows.append({"kind": "missing_population", "sample_id": library.sample_id, "population": library.missing})
    return rows


def _about(kind: str, expected: Expectation, node: str, gene: str) -> Row:
    role = roles(gene) if gene else ""
    return {
        "kind": kind,
        "population": node,
        "populations": ";".join(expected.members(node)),
        "gene": gene,
        "role": role,
        "sample_id": "",
    }


def _rows(about: Row, level: ArmLevel, pooled: Mapping[tuple[str, str], float]) -> list[Row]:
    """Give one row a contrast, with the effect in each population and the effect in all of them together."""
    seen = [row["effect"] for row in contrast_effects(_level_of(pooled))]
    return [
        about | row | {"pooled_effect": together} for row, together in zip(contrast_effects(level), seen, strict=True)
    ]


def _of_gene(pooled: pd.DataFrame, gene: str) -> dict[tuple[str, str], float]:
    """Return one gene's pooled level in each arm."""
    levels = pooled[list(ARMS)].to_numpy(dtype=float)[pooled.index == gene][0]
    return dict(zip(ARMS, levels.tolist(), strict=True))


def _level_of(levels: Mapping[tuple[str, str], float]) -> ArmLevel:
    return lambda condition, sex: levels[(condition, sex)]


def _not_neutral(knowledge: Knowledge) -> set[str]:
    """Genes that cannot be nulls: they move with sex, dissociation, damage or leakage."""
    sexed = {gene for genes in knowledge.sex.values() for gene in genes}
    common = {*knowledge.dissociation, *knowledge.mitochondrial, *knowledge.housekeeping}
    return sexed | common | set(knowledge.ambient_excess)
