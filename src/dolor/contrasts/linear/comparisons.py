"""The five kinds of comparison that condition and sex allow, as differences of rows of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contrasts.linear.design import Design, rows_of_levels
from dolor.core.errors import DesignError

__all__ = ["SEXES", "Comparison", "comparisons_of", "reference_levels"]

Floats = NDArray[np.float64]

SEXES = ("female", "male")
Levels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Comparison:
    """A question to the samples.

    ``weights`` compares coefficients. ``groups`` are the combinations of levels whose samples it compares, those of
    the case first (``n_case_groups`` of them). ``impossible`` says why this data set cannot answer, or is empty.
    ``ordered`` marks a trend over conditions.
    """

    contrast_type: str
    case: str
    reference: str
    stratum: str
    weights: Floats
    groups: tuple[Levels, ...]
    n_case_groups: int
    impossible: str = ""
    ordered: bool = False

    @property
    def between_conditions(self) -> bool:
        """Whether it is one of the comparisons that the test of all conditions joins."""
        return self.contrast_type == "condition" and not self.ordered

    def members(self, samples: pd.DataFrame) -> NDArray[np.bool_]:
        """Return groups × samples: which samples belong to which group."""
        rows = [
            np.logical_and.reduce([samples[name].astype(str).to_numpy() == level for name, level in group])
            for group in self.groups
        ]
        return np.array(rows, dtype=bool).reshape(len(self.groups), len(samples))


def reference_levels(samples: pd.DataFrame, reference: Mapping[str, str]) -> dict[str, str]:
    """Complete and check the reference levels: male where no sex is named; the condition must be named.

    Raises
    ------
    dolor.core.errors.DesignError
        The reference condition is not named or has no sample, or the reference sex is neither female nor male.
    """
    conditions = sorted(samples["condition"].astype(str).unique())
    chosen = {"sex": "male", **reference}
    if chosen.get("condition") not in conditions:
        raise DesignError(
            f"the reference condition {chosen.get('condition', '')!r} is not among the conditions of the samples "
            f"({', '.join(conditions)}); set reference={{'condition': ...}} to one of them"
        )
    if chosen["sex"] not in SEXES:
        raise DesignError(f"the reference sex must be female or male, not {chosen['sex']!r}")
    return chosen


def comparisons_of(
    design: Design, reference: Mapping[str, str], ordered: Mapping[str, float] | None = None
) -> list[Comparison]:
    """List the comparisons that a design has.

    Parameters
    ----------
    design
        Its formula names condition, sex or both; those within a stratum and the interaction need ``condition:sex``.
    reference
        Level of ``condition`` and of ``sex`` that the others are compared with.
    ordered
        Position of each condition on an axis such as days; adds the slope along it as one more ``condition``.

    Returns
    -------
    For each condition against the reference: ``condition``, ``condition_in_sex`` and ``interaction``; ``sex`` and
    ``sex_in_condition``. An effect over a factor that is not compared is the plain mean over its levels.
    """
    trend = [_trend(design, ordered, reference["condition"])] if ordered else []
    return [*_comparisons(design, reference), *trend]


def _comparisons(design: Design, reference: Mapping[str, str]) -> Iterator[Comparison]:
    conditions = _levels(design, "condition", reference["condition"])
    other_sex = next(sex for sex in SEXES if sex != reference["sex"])
    sexes = [other_sex, reference["sex"]] if "sex" in design.variables else []
    interacting = any({str(f) for f in term.factors} >= {"condition", "sex"} for term in design.spec.terms)
    base = reference["condition"]
    for case in conditions[:-1]:
        yield _between(design, "condition", (case, base), "sex", sexes)
        if interacting:
            for sex in sexes:
                yield _between(design, "condition_in_sex", (case, base), "sex", [sex], stratum=sex)
            yield _interaction(design, (case, base), (sexes[0], sexes[1]))
    if sexes:
        yield _between(design, "sex", (sexes[0], sexes[1]), "condition", conditions)
        if interacting:
            for condition in conditions:
                pair = (sexes[0], sexes[1])
                yield _between(design, "sex_in_condition", pair, "condition", [condition], stratum=condition)


def _levels(design: Design, name: str, reference: str) -> list[str]:
    """Return the levels of a factor, the reference last."""
    if name not in design.variables:
        return []
    return [*(level for level in design.samples[name].cat.categories if level != reference), reference]


def _between(
    design: Design, kind: str, pair: tuple[str, str], over: str, levels: list[str], stratum: str = ""
) -> Comparison:
    """Compare two levels of a factor, averaged over ``levels`` of the other one."""
    factor = "sex" if over == "condition" else "condition"
    case, base = (_mean_row(design, factor, level, over, levels) for level in pair)
    held = levels if stratum else [None]
    groups = tuple(
        ((factor, level), *(((over, other),) if other is not None else ())) for level in pair for other in held
    )
    return Comparison(kind, pair[0], pair[1], stratum, case - base, groups, 1)


def _mean_row(design: Design, factor: str, level: str, over: str, levels: list[str]) -> Floats:
    rows = [rows_of_levels(design, {factor: level, over: other}) for other in levels]
    return np.mean(rows, axis=0) if rows else rows_of_levels(design, {factor: level})


def _trend(design: Design, positions: Mapping[str, float], reference: str) -> Comparison:
    """Take the slope of the effect of condition along an axis: log2 change for one step of the axis."""
    there = _levels(design, "condition", reference)
    unknown = sorted(set(there) ^ set(positions))
    if unknown:
        raise DesignError(f"the order of the conditions and the samples disagree on {', '.join(unknown)}")
    names = sorted(there, key=lambda name: positions[name])
    steps = np.array([positions[name] for name in names], dtype=float)
    steps -= steps.mean()
    if not steps.any():
        raise DesignError("the positions of all conditions are the same, so there is no order")
    sexes = list(design.samples["sex"].cat.categories) if "sex" in design.variables else []
    rows = np.array([_mean_row(design, "condition", name, "sex", sexes) for name in names])
    groups = tuple((("condition", name),) for name in sorted(there, key=lambda name: name == reference))
    case = f"trend:{'<'.join(names)}"
    slope = steps / (steps**2).sum() @ rows
    return Comparison("condition", case, reference, "", slope, groups, len(names) - 1, ordered=True)


def _interaction(design: Design, conditions: tuple[str, str], sexes: tuple[str, str]) -> Comparison:
    """Compare the change with condition in one sex to the change in the other."""
    changes = [
        rows_of_levels(design, {"condition": conditions[0], "sex": sex})
        - rows_of_levels(design, {"condition": conditions[1], "sex": sex})
        for sex in sexes
    ]
    groups = tuple((("condition", condition), ("sex", sex)) for condition in conditions for sex in sexes)
    return Comparison(
        "interaction",
        f"{conditions[0]}:{sexes[0]}",
        f"{conditions[1]}:{sexes[1]}",
        "",
        changes[0] - changes[1],
        groups,
        2,
    )
