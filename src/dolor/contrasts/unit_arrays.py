"""Presence and change of every unit (a ligand in its sender, a receptor in its receiver), as arrays.

A unit is tested once, whatever the number of its partners, on counts with leakage as a term of the mean; false
discoveries are controlled over the units that are present in one of the compared groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dolor.contrasts.expression_array import Supply, effective_totals
from dolor.contrasts.linear.answers import Answers, answers_of
from dolor.contrasts.linear.comparisons import Comparison
from dolor.contrasts.linear.linear_model import fit
from dolor.contrasts.linear.models import Model
from dolor.contrasts.linear.moderation import fit_prior, moderate
from dolor.contrasts.population_sums import PopulationSums
from dolor.contrasts.units.quasi_likelihood import UnitTests, contrast_tests, fit_units, joint_pvalues
from dolor.contrasts.units.unit_tests import enough_counts, most_true_together, stagewise_qvalues
from dolor.core.multiple_testing import benjamini_hochberg
from dolor.core.reasons import Reason
from dolor.pseudobulk.expression import Units
from dolor.pseudobulk.presence import Status, presence
from dolor.pseudobulk.unit_parts import unit_parts

__all__ = ["ABOUT_SEX", "OF_ANSWERS", "UnitArrays", "UnitOptions", "unit_arrays", "untested_codes"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Reasons that depend on the samples, whose sentence names them.
OF_ANSWERS = (Reason.NO_COMPARISON, Reason.FEW_SAMPLES, Reason.CONFOUNDED, Reason.NO_RESIDUAL)
ABOUT_SEX = frozenset({"sex", "sex_in_condition", "interaction"})
# A sample may be leaked into by at most this part of its counts: the rest is the cells' own library.
_LEAST_OWN = 0.05
# Where one arm has no transcripts of its own the size of a change is unbounded: beyond 1,000-fold it is not estimated.
_LARGEST_EFFECT = 10.0
# Beyond so many contrasts the search for those that can be null together takes too long; Holm's factors are then used.
_MOST_CONTRASTS = 10


class UnitOptions(NamedTuple):
    """Choices that hold for every dataset: see :func:`dolor.contrasts.contrast.contrast`."""

    floor: float
    min_cells: int
    level: float


@dataclass(frozen=True)
class UnitArrays:
    """M comparisons × T populations × U units.

    ``effect``, ``se`` in log2; ``statistic``, ``df``, ``pvalue``, ``qvalue``. ``omnibus`` (T × U) joins all comparisons
    between conditions. ``measured`` (U) and ``counted`` (T × U): which units have their genes, and counts enough for a
    test. ``status`` (K × T × U, values of :class:`dolor.pseudobulk.presence.Status`) is the presence in each of K
    groups of replicates, ``groups`` lists those of each comparison. ``observed`` and ``expected`` (K × T × U) are the
    transcripts seen in a group, and expected from leakage and background. ``answers`` says for each population what
    its replicates can answer.
    """

    effect: Floats
    se: Floats
    statistic: Floats
    df: Floats
    pvalue: Floats
    qvalue: Floats
    omnibus: Floats
    measured: Bools
    counted: Bools
    status: NDArray[np.int8]
    observed: Floats
    expected: Floats
    groups: tuple[tuple[int, ...], ...]
    answers: tuple[Answers, ...]

    def presence_of(self, comparison: int) -> NDArray[np.int8]:
        """Return the presence in any compared group, T × U: present, else unknown, else absent, else not judged."""
        found = self.status[list(self.groups[comparison])]
        if not len(found):
            return np.zeros(self.status.shape[1:], dtype=np.int8)
        result = np.where((found == Status.ABSENT).any(axis=0), Status.ABSENT, Status.NOT_JUDGED)
        result[(found == Status.UNKNOWN).any(axis=0)] = Status.UNKNOWN
        result[(found == Status.PRESENT).any(axis=0)] = Status.PRESENT
        return result.astype(np.int8)


def untested_codes(found: UnitArrays) -> NDArray[np.int8]:
    """Return why each unit is not tested, as places in :class:`Reason`, M × T × U; 0 where it is tested."""
    place = {reason: i for i, reason in enumerate(Reason)}
    code = np.where(np.isnan(found.pvalue), place[Reason.NO_VARIATION], 0).astype(np.int8)
    code[:, ~found.counted] = place[Reason.LOW_COUNTS]
    for t, answer in enumerate(found.answers):
        for m, reason in enumerate(answer.code):
            if reason:
                code[m, t] = place[reason]
    code[:, :, ~found.measured] = place[Reason.NOT_MEASURED]
    return code


def unit_arrays(sums: PopulationSums, units: Units, model: Model, supply: Supply, options: UnitOptions) -> UnitArrays:
    """Test every unit in every population.

    Parameters
    ----------
    sums
        Counts of the model's replicates.
    units
        Compiled against ``sums.genes``.
    model
        Design, M comparisons and, where donors gave several samples, the correlation of samples.
    supply
        Log expression of the same replicates and units; read only where samples are correlated.
    options
        Floor, smallest number of cells, and level of presence.
    """
    members, groups = _groups(model)
    present = _presence(sums, units, members, options)
    shape = (len(model.comparisons), len(sums.populations), len(units.names))
    made = [np.full(shape, np.nan) for _ in range(5)]
    omnibus_sex, omnibus = np.full(shape[1:], np.nan), np.full(shape[1:], np.nan)
    counted = np.zeros(shape[1:], dtype=bool)
    weights = np.array([c.weights for c in model.comparisons])
    of_sex = np.array([c.contrast_type in ABOUT_SEX for c in model.comparisons])
    of_condition = np.array([c.between_conditions for c in model.comparisons])
    answers = []
    for place in range(len(sums.populations)):
        rows = (sums.cells[:, place] >= options.min_cells) & (sums.library[:, place] > 0)
        answer = answers_of(model.design, model.comparisons, rows)
        answers.append(answer)
        if not (answer.estimable.any() and units.measured.any()):
            continue
        counts, leaked = _unit_counts(sums, units, rows, place)
        testable = answer.testable[:, None]
        smallest = _smallest_group(model.comparisons, model, rows)
        library = sums.library[rows, place] - np.nan_to_num(sums.leaked_total[rows, place])
        enough = enough_counts(np.maximum(counts - leaked, 0.0), np.maximum(library, 1.0), smallest)
        counted[place] = enough
        if model.correlation is None:
            tests, joint = _on_counts(sums, (counts, leaked), model, rows, place, weights, (of_sex, of_condition))
            omnibus_sex[place], omnibus[place] = joint
        else:
            tests = _correlated(supply, model, rows, place, weights)
        for target, values in zip(made, (tests.effect, tests.se, tests.statistic, tests.df, tests.pvalue), strict=True):
            target[:, place] = np.where(answer.estimable[:, None] & units.measured, values, np.nan)
        for target in (made[1], made[2], made[3], made[4]):
            target[:, place][~(testable & enough[None])] = np.nan
    found = UnitArrays(
        made[0], made[1], made[2], made[3], made[4], np.full(shape, np.nan), omnibus, units.measured, counted,
        present[0], present[1], present[2], groups, tuple(answers),
    )  # fmt: skip
    _adjust(found, weights, of_sex, omnibus_sex)
    return found


def _groups(model: Model) -> tuple[Bools, tuple[tuple[int, ...], ...]]:
    """Return the distinct groups of replicates that are compared (K × S), and those of each comparison."""
    place: dict[bytes, int] = {}
    rows: list[Bools] = []
    groups = []
    for comparison in model.comparisons:
        own = []
        for member in comparison.members(model.design.samples) if not comparison.impossible else ():
            if member.tobytes() not in place:
                place[member.tobytes()] = len(rows)
                rows.append(member)
            own.append(place[member.tobytes()])
        groups.append(tuple(own))
    return np.array(rows, dtype=bool).reshape(len(rows), len(model.design.samples)), tuple(groups)


def _presence(
    sums: PopulationSums, units: Units, members: Bools, options: UnitOptions
) -> tuple[NDArray[np.int8], Floats, Floats]:
    """Judge presence in each group; units that are not measured are not judged."""
    shape = (len(members), len(sums.populations), len(units.names))
    status = np.zeros(shape, dtype=np.int8)
    observed, expected = np.full(shape, np.nan), np.full(shape, np.nan)
    if len(members) and units.measured.any():
        parts = unit_parts(units.subunits, units.alternative_starts, units.unit_starts, len(sums.genes))
        found = presence(
            sums.counts, sums.cells, sums.library, sums.leaked, members, parts, held_out=sums.held_out,
            floor=options.floor, background=options.floor / 2, min_cells=options.min_cells,
            level=options.level,
        )  # fmt: skip
        status[:, :, units.measured] = found.status
        observed[:, :, units.measured], expected[:, :, units.measured] = found.observed, found.expected
    return status, observed, expected


def _unit_counts(sums: PopulationSums, units: Units, rows: Bools, place: int) -> tuple[Floats, Floats]:
    """Return counts and expected leakage of units (S × U): alternatives summed, of a complex its limiting subunit."""
    counts, leaked = sums.counts[rows, place], np.nan_to_num(sums.leaked[rows, place])
    pooled = counts.sum(axis=0)
    ends = np.append(units.alternative_starts, len(units.subunits))
    chosen = [
        units.subunits[first + int(np.argmin(pooled[units.subunits[first:last]]))] for first, last in pairwise(ends)
    ]
    result = []
    for values in (counts, leaked):
        whole = np.zeros((len(values), len(units.names)))
        whole[:, units.measured] = np.add.reduceat(values[:, chosen], units.unit_starts, axis=1)
        result.append(whole)
    return result[0], result[1]


def _smallest_group(comparisons: Sequence[Comparison], model: Model, rows: Bools) -> int:
    """Return the size of the smallest group with samples: all that the count filter takes from the design."""
    sizes = [
        int(size)
        for comparison in comparisons
        if not comparison.impossible
        for size in (comparison.members(model.design.samples) & rows).sum(axis=1)
        if size
    ]
    return min(sizes, default=1)


def _on_counts(
    sums: PopulationSums,
    unit: tuple[Floats, Floats],
    model: Model,
    rows: Bools,
    place: int,
    weights: Floats,
    asked: tuple[Bools, Bools],
) -> tuple[UnitTests, list[Floats]]:
    """Fit units beside all genes, from which the dispersion is learned; return tests and joint p-values."""
    library, total = sums.library[rows, place], np.nan_to_num(sums.leaked_total[rows, place])
    scale = effective_totals(sums.counts[rows, place], library) / library
    own = np.maximum(library - total, _LEAST_OWN * library) * scale
    counts, leaked = sums.counts[rows, place], np.nan_to_num(sums.leaked[rows, place])
    steady = enough_counts(np.maximum(counts - leaked, 0.0), library, 2)
    learn = np.r_[np.ones(int(steady.sum()), dtype=bool), np.zeros(unit[0].shape[1], dtype=bool)]
    fitted = fit_units(
        np.hstack([counts[:, steady], unit[0]]), model.design.matrix[rows], np.log(own),
        np.hstack([leaked[:, steady], unit[1]]), learn,
    )  # fmt: skip
    n_steady = int(steady.sum())
    tests = contrast_tests(fitted, weights)
    kept = UnitTests(*(values[:, n_steady:] for values in (
        tests.effect, tests.se, tests.statistic, tests.df, tests.pvalue
    )))  # fmt: skip
    unbounded = np.abs(np.nan_to_num(kept.effect)) > _LARGEST_EFFECT
    kept.effect[unbounded] = np.sign(kept.effect[unbounded]) * _LARGEST_EFFECT
    kept.se[unbounded] = np.nan
    nothing = np.full(unit[0].shape[1], np.nan)
    joint = [joint_pvalues(fitted, weights[wanted])[n_steady:] if wanted.any() else nothing for wanted in asked]
    return kept, joint


def _correlated(supply: Supply, model: Model, rows: Bools, place: int, weights: Floats) -> UnitTests:
    """Test log expression by least squares, where samples of one donor share a random intercept."""
    values = np.nan_to_num(supply.log2[rows, place])
    correlation = None if model.correlation is None else model.correlation[np.ix_(rows, rows)]
    result = fit(values, np.ones_like(values), model.design.matrix[rows], weights, correlation=correlation)
    nothing = np.full(result.effect.shape, np.nan)
    if result.df < 1:
        return UnitTests(result.effect, nothing, nothing, nothing, nothing)
    df = np.full(values.shape[1], float(result.df))
    variance, total = moderate(result.variance, df, fit_prior(result.variance, df))
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.sqrt(result.unscaled_variance * variance)
        statistic = np.where(se > 0, result.effect / se, np.nan)
    return UnitTests(result.effect, se, statistic, np.broadcast_to(total, se.shape), _two_sided(statistic, total))


def _two_sided(statistic: Floats, df: Floats) -> Floats:
    return np.asarray(2 * special.stdtr(df, -np.abs(statistic)))


def _adjust(found: UnitArrays, weights: Floats, of_sex: Bools, omnibus: Floats) -> None:
    """Fill in q-values over the present units: Benjamini-Hochberg, questions of sex in two stages."""
    judged = np.array([found.presence_of(m) for m in range(len(weights))])
    pvalue = np.where((judged == Status.PRESENT) | (judged == Status.UNKNOWN), found.pvalue, np.nan)
    for m in range(len(weights)):
        found.qvalue[m] = benjamini_hochberg(pvalue[m].ravel()).reshape(pvalue[m].shape)
    chosen = np.flatnonzero(of_sex)
    if len(chosen) < 2 or not np.isfinite(omnibus).any():
        return
    most = most_true_together(weights[chosen]) if len(chosen) <= _MOST_CONTRASTS else None
    of_units = pvalue[chosen].reshape(len(chosen), -1)
    screen = np.where(np.isfinite(of_units).any(axis=0), omnibus.ravel(), np.nan)
    found.qvalue[chosen] = stagewise_qvalues(screen, of_units, most).reshape(len(chosen), *omnibus.shape)
