"""Every comparison of every interaction between every two cell types, as arrays.

The score of a replicate is the log2 geometric mean of ligand (sender) and receptor (receiver). All interactions of one
sender and receiver share the replicates that have both, so they are fitted together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dolor.crosstalk.comparisons import Comparison
from dolor.crosstalk.design import Design
from dolor.crosstalk.linear_model import fit, is_estimable
from dolor.crosstalk.moderation import fit_prior, moderate
from dolor.crosstalk.supply import Supply

__all__ = ["Answers", "Raw", "answers_of", "fit_interactions", "test_statistics"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SMALLEST_GROUP = 2


@dataclass(frozen=True)
class Answers:
    """What the replicates that have two cell types can answer: M comparisons each."""

    present: Bools
    estimable: Bools
    testable: Bools
    n_case: NDArray[np.int64]
    n_reference: NDArray[np.int64]
    reason: tuple[str, ...]


@dataclass(frozen=True)
class Raw:
    """Fits of M comparisons, T senders, T receivers, I interactions; NaN where there is none.

    ``variance`` and ``log_expected`` (T × T × I) are the residual variance and the log of the one expected from counts;
    ``df`` (T × T) its degrees of freedom.
    """

    effect: Floats
    unscaled_variance: Floats
    variance: Floats
    log_expected: Floats
    df: Floats


def answers_of(design: Design, comparisons: Sequence[Comparison], present: Bools) -> Answers:
    """Say which comparisons the present replicates can estimate and test, and why not the others."""
    matrix = design.matrix[present]
    residual_df = int(present.sum()) - (int(np.linalg.matrix_rank(matrix)) if present.any() else 0)
    estimable, testable, n_case, n_reference, reasons = [], [], [], [], []
    for comparison in comparisons:
        sizes = (comparison.members(design.samples) & present).sum(axis=1)
        n_case.append(int(sizes[: comparison.n_case_groups].sum()))
        n_reference.append(int(sizes[comparison.n_case_groups :].sum()))
        possible = not comparison.impossible and is_estimable(comparison.weights, matrix)
        reason = comparison.impossible or _why_not(comparison, sizes, possible, residual_df)
        estimable.append(possible)
        testable.append(possible and not reason)
        reasons.append(reason)
    return Answers(
        present, np.array(estimable), np.array(testable), np.array(n_case), np.array(n_reference), tuple(reasons)
    )


def _why_not(comparison: Comparison, sizes: NDArray[np.int64], possible: bool, residual_df: int) -> str:
    """Return why a comparison is not tested; empty if it is."""
    small = [
        f"{size} sample(s) {' '.join(level for _, level in group)}"
        for group, size in zip(comparison.groups, sizes, strict=True)
        if size < SMALLEST_GROUP
    ]
    if small:
        return f"both cell types in only {' and '.join(small)}"
    if not possible:
        return "the samples that have both cell types cannot separate this comparison from the rest of the formula"
    if residual_df < 1:
        return "no residual degrees of freedom: as many coefficients as samples with both cell types"
    return ""


def fit_interactions(
    supply: Supply,
    variance: Floats,
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    usable: Bools,
    design: Design,
    comparisons: Sequence[Comparison],
    answers: Sequence[Sequence[Answers]],
) -> Raw:
    """Fit all interactions.

    Parameters
    ----------
    supply
        Expression of U units by S replicates and T cell types.
    variance
        S × T × U, expected variance of each log expression.
    pairs
        Units of the ligands and of the receptors, I each.
    usable
        T × T × I: what is measured and detected.
    design, comparisons
        The model.
    answers
        For each sender and receiver, what their replicates can answer.

    Returns
    -------
    The fits.
    """
    ligands, receptors = pairs
    types, count = len(supply.cell_types), len(ligands)
    shape = (types, types, count)
    raw = Raw(
        effect=np.full((len(comparisons), *shape), np.nan),
        unscaled_variance=np.full((len(comparisons), *shape), np.nan),
        variance=np.full(shape, np.nan),
        log_expected=np.full(shape, np.nan),
        df=np.zeros(shape[:2]),
    )
    weights = np.array([comparison.weights for comparison in comparisons])
    for sender in range(types):
        for receiver in range(types):
            answer = answers[sender][receiver]
            chosen = np.flatnonzero(usable[sender, receiver])
            if not (answer.estimable.any() and len(chosen)):
                continue
            rows = np.flatnonzero(answer.present)
            ligand, receptor = ligands[chosen], receptors[chosen]
            score = (supply.log2[rows, sender][:, ligand] + supply.log2[rows, receiver][:, receptor]) / 2
            expected = (variance[rows, sender][:, ligand] + variance[rows, receiver][:, receptor]) / 4
            typical = expected.mean(axis=0)
            result = fit(score, typical / expected, design.matrix[rows], weights[answer.estimable])
            at = np.ix_(np.flatnonzero(answer.estimable), np.array([sender]), np.array([receiver]), chosen)
            raw.effect[at] = result.effect[:, None, None]
            raw.unscaled_variance[at] = result.unscaled_variance[:, None, None]
            raw.variance[sender, receiver, chosen] = result.variance
            raw.log_expected[sender, receiver, chosen] = np.log(typical)
            raw.df[sender, receiver] = result.df
    return raw


def test_statistics(raw: Raw) -> tuple[Floats, Floats, Floats, Floats]:
    """Moderate the variances over all tests.

    Returns
    -------
    se, statistic, pvalue : M × T × T × I
    df : T × T × I, those of the moderated variance
    """
    df = np.broadcast_to(raw.df[:, :, None], raw.variance.shape)
    fitted = np.isfinite(raw.variance) & (df > 0)
    posterior, total = np.full(raw.variance.shape, np.nan), np.full(raw.variance.shape, np.nan)
    if fitted.any():
        prior = fit_prior(raw.variance[fitted], df[fitted], raw.log_expected[fitted])
        posterior[fitted], total[fitted] = moderate(raw.variance[fitted], df[fitted], prior)
    se = np.sqrt(raw.unscaled_variance * posterior)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(se > 0, raw.effect / se, np.nan)
    return se, statistic, 2 * special.stdtr(total, -np.abs(statistic)), total
