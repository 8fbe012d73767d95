"""Which comparisons some of the samples can estimate and test, and why not the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dolor.contrasts.linear.comparisons import Comparison
from dolor.contrasts.linear.design import Design
from dolor.contrasts.linear.linear_model import is_estimable
from dolor.core.reasons import Reason, sentence

__all__ = ["SMALLEST_GROUP", "Answers", "answers_of"]

Bools = NDArray[np.bool_]

SMALLEST_GROUP = 2


@dataclass(frozen=True)
class Answers:
    """What the samples that have a population can answer: M comparisons each.

    ``code`` and ``reason`` say why a comparison is not tested.
    """

    present: Bools
    estimable: Bools
    testable: Bools
    n_case: NDArray[np.int64]
    n_reference: NDArray[np.int64]
    code: tuple[Reason, ...]
    reason: tuple[str, ...]


def answers_of(design: Design, comparisons: Sequence[Comparison], present: Bools) -> Answers:
    """Return which comparisons the present samples can estimate and test, and why not the others.

    Parameters
    ----------
    design
        Over S samples.
    comparisons
        M questions.
    present
        S: samples that have the population.
    """
    matrix = design.matrix[present]
    residual_df = int(present.sum()) - (int(np.linalg.matrix_rank(matrix)) if present.any() else 0)
    estimable, testable, n_case, n_reference = [], [], [], []
    codes, reasons = [], []
    for comparison in comparisons:
        sizes = (comparison.members(design.samples) & present).sum(axis=1)
        n_case.append(int(sizes[: comparison.n_case_groups].sum()))
        n_reference.append(int(sizes[comparison.n_case_groups :].sum()))
        possible = not comparison.impossible and is_estimable(comparison.weights, matrix)
        code, reason = _why_not(comparison, sizes, possible, residual_df)
        estimable.append(possible)
        testable.append(possible and not code)
        codes.append(code)
        reasons.append(reason)
    return Answers(
        present, np.array(estimable, dtype=bool), np.array(testable, dtype=bool), np.array(n_case),
        np.array(n_reference), tuple(codes), tuple(reasons),
    )  # fmt: skip


def _why_not(comparison: Comparison, sizes: NDArray[np.int64], possible: bool, residual_df: int) -> tuple[Reason, str]:
    """Return why a comparison is not tested; empty if it is."""
    if comparison.impossible:
        return Reason.NO_COMPARISON, comparison.impossible
    small = [
        f"{size} {' '.join(level for _, level in group)}"
        for group, size in zip(comparison.groups, sizes, strict=True)
        if size < SMALLEST_GROUP
    ]
    if small:
        return Reason.FEW_SAMPLES, sentence(Reason.FEW_SAMPLES, ", ".join(small))
    code = Reason.NONE
    if not possible:
        code = Reason.CONFOUNDED
    elif residual_df < 1:
        code = Reason.NO_RESIDUAL
    return code, sentence(code)
