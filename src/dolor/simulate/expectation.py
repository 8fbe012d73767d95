"""What a contrast should find: log2 effects from the expected levels of the four arms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dolor.simulate.knowledge import Knowledge
from dolor.simulate.plants import ARMS, Plant, expression_change

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
