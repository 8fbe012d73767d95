"""The truth table: for every planted change, what each contrast should find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from dolor.simulate.design import Library
from dolor.simulate.knowledge import Knowledge
from dolor.simulate.plants import Plant, total_change

TRUTH_COLUMNS = (
    "dataset_id", "compartment", "kind", "pattern", "contrast_type", "case", "reference", "stratum",
    "population", "populations", "gene", "effect", "planted", "sample_id",
)  # fmt: skip

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


def expression_truth(knowledge: Knowledge, present: Sequence[str], plants: Sequence[Plant]) -> list[Row]:
    """List the changes of transcripts a cell, one row a plant and contrast."""
    rows: list[Row] = []
    for plant in plants:
        populations = [name for name in knowledge.members(plant.population) if name in present]
        about = {"kind": "expression", "pattern": plant.pattern, "population": plant.population, "gene": plant.gene,
                 "populations": ";".join(populations), "planted": True}  # fmt: skip
        rows += [about | effect for effect in contrast_effects(plant.change)]
    return rows


def composition_truth(knowledge: Knowledge, expected: pd.DataFrame, plants: Sequence[Plant]) -> list[Row]:
    """List what happens to the share of every population and class; what is not planted gives way to what is."""
    rows: list[Row] = []
    present = list(expected.index)
    for node in _nodes(knowledge, present):
        members = [name for name in knowledge.members(node) if name in present]
        share = expected.loc[members].sum()
        own = [plant for plant in plants if plant.population == node and node in present]
        about = {"kind": "composition", "pattern": own[0].pattern if own else "", "population": node, "gene": "",
                 "populations": ";".join(members), "planted": bool(own)}  # fmt: skip

        def level(condition: str, sex: str, share: pd.Series = share) -> float:
            return float(np.log2(share[(condition, sex)]))

        rows += [about | effect for effect in contrast_effects(level)]
    return rows


def null_truth(
    knowledge: Knowledge, levels: pd.DataFrame, present: Sequence[str], plants: Sequence[Plant]
) -> list[Row]:
    """Match to every planted gene one of about its level that nothing changes, and list its effects of 0."""
    rows: list[Row] = []
    taken = {plant.gene for plant in plants} | _not_neutral(knowledge)
    free = [gene for gene in levels.columns if gene not in taken and not gene.startswith("Sim")]
    for plant in plants:
        populations = [name for name in knowledge.members(plant.population) if name in present]
        mean_level = np.log(levels.loc[populations].mean().clip(lower=1e-9))
        nearest = str((mean_level[free] - mean_level[plant.gene]).abs().idxmin())
        free.remove(nearest)
        about = {"kind": "null", "pattern": "", "population": plant.population, "gene": nearest,
                 "populations": ";".join(populations), "planted": False}  # fmt: skip
        rows += [about | effect for effect in contrast_effects(lambda condition, sex: 0.0)]
    return rows


def fault_truth(libraries: Iterable[Library]) -> list[Row]:
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


def truth_table(dataset_id: str, compartment: str, rows: Sequence[Row]) -> pd.DataFrame:
    """Bring the rows into one table; what a row does not say is empty."""
    table = pd.DataFrame(list(rows), columns=list(TRUTH_COLUMNS))
    table["dataset_id"], table["compartment"] = dataset_id, compartment
    table["planted"] = table["planted"].map({True: "yes", False: "no"})
    text = [name for name in TRUTH_COLUMNS if name != "effect"]
    table[text] = table[text].fillna("")
    table["effect"] = table["effect"].astype(float).round(6) + 0.0
    return table


def expression_change(
    knowledge: Knowledge, levels: pd.DataFrame, plants: Sequence[Plant], condition: str, sex: str
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the log2 change of every population's genes in one arm, populations × genes of ``levels``."""
    change = np.zeros(levels.shape)
    for plant in plants:
        rows = levels.index.isin(knowledge.members(plant.population))
        change[rows, levels.columns.get_loc(plant.gene)] += total_change([plant], condition, sex)
    return change


def _nodes(knowledge: Knowledge, present: Sequence[str]) -> list[str]:
    """List the populations that are present and all that they belong to, each once."""
    return list(dict.fromkeys(node for name in present for node in knowledge.populations[name].nodes))


def _not_neutral(knowledge: Knowledge) -> set[str]:
    """Genes that cannot be nulls: they move with sex, dissociation, damage or leakage."""
    sexed = {gene for genes in knowledge.sex.values() for gene in genes}
    return sexed | {
        *knowledge.dissociation,
        *knowledge.mitochondrial,
        *knowledge.housekeeping,
        *knowledge.ambient_excess,
    }
