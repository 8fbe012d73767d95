"""The truth table: for every planted change, and for matched genes without one, what each contrast should find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from dolor.simulate.design import Library
from dolor.simulate.expectation import ArmLevel, Expectation, Row, contrast_effects
from dolor.simulate.knowledge import Knowledge
from dolor.simulate.plants import ARMS, Plant
from dolor.simulate.universe import INVENTED, roles

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
