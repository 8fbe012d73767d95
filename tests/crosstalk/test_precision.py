"""The variance that is expected of each score, on scores whose variance was set."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dolor.contrasts.expression_array import Supply
from dolor.contrasts.linear.moderation import expected_variance
from dolor.pseudobulk.expression import PRIOR

sys.path.insert(0, str(Path(__file__).parent))
from supplies import supply

REPLICATES, TYPES, UNITS = 24, 3, 2000
DESIGN = np.column_stack([np.ones(REPLICATES), np.arange(REPLICATES) % 2])
ALL = np.ones((TYPES, UNITS), dtype=bool)


def made(biological: float, per_count: float, per_cell: float) -> tuple[Supply, np.ndarray]:
    """Make scores whose variance has these three parts, and give it; one replicate lacks the last cell type."""
    random = np.random.default_rng(8)
    cells = random.integers(5, 400, (REPLICATES, TYPES))
    cells[0, 2], cells[1, 1] = 0, 1
    pooled = random.lognormal(1, 1.5, (TYPES, UNITS))
    totals = np.where(cells > 0, random.lognormal(10, 1.5, cells.shape), 0.0)
    plain = replace(supply(np.zeros((REPLICATES, TYPES, 20)), cells), totals=totals, pooled=pooled)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The variance of log2(counts per 10,000 + prior) where counts are drawn at random.
        counting = pooled * 1e4 / totals[:, :, None] / (np.log(2) * (pooled + PRIOR)) ** 2
        variance = biological + per_count * counting + per_cell / cells[:, :, None].astype(float)
    log2 = random.normal(np.log2(pooled), np.sqrt(np.where(cells[:, :, None] > 0, variance, 1.0)))
    log2 += DESIGN[:, 1, None, None] * random.normal(size=(TYPES, UNITS))
    return replace(plain, log2=np.where(cells[:, :, None] > 0, log2, np.nan)), variance


@pytest.mark.parametrize("parts", [(0.3, 0.0, 0.0), (0.1, 1.0, 0.0), (0.1, 0.0, 8.0), (0.1, 2.0, 4.0)])
def test_the_parts_of_the_variance_are_found(parts: tuple[float, float, float]) -> None:
    scores, variance = made(*parts)
    found = expected_variance(scores, DESIGN, ALL)
    present = scores.cells > 0
    ratio = np.log(found / variance)[present]
    assert np.abs(ratio).mean() < 0.25
    assert abs(ratio.mean()) < 0.1


def test_a_cell_type_that_is_absent_has_no_variance() -> None:
    found = expected_variance(made(0.1, 1.0, 4.0)[0], DESIGN, ALL)
    assert np.isnan(found[0, 2]).all()
    assert np.isnan(found).sum() == UNITS
    assert np.nanmin(found) > 0


def test_a_cell_type_teaches_though_another_is_nowhere_and_a_replicate_lacks_it() -> None:
    scores, _ = made(0.1, 1.0, 4.0)
    cells = scores.cells.copy()
    cells[:, 0] = 0
    found = expected_variance(replace(scores, cells=cells), DESIGN, ALL & (np.arange(TYPES) == 2)[:, None])
    assert np.isnan(found[:, 0]).all()
    assert len(np.unique(found[1:, 2])) > 100


def test_few_replicates_leave_little_of_the_variance_and_are_no_surer() -> None:
    scores, variance = made(0.3, 0.0, 0.0)
    found = expected_variance(scores.select(scores.replicates[2:6]), DESIGN[2:6], ALL)
    assert abs(np.log(found / variance[2:6]).mean()) < 0.1


def test_variance_goes_with_the_square_of_the_scores() -> None:
    scores, _ = made(0.1, 1.0, 4.0)
    small = expected_variance(replace(scores, log2=scores.log2 / 1024), DESIGN, ALL)
    np.testing.assert_allclose(small * 1024**2, expected_variance(scores, DESIGN, ALL), rtol=1e-6)


def test_cells_and_counts_twice_change_nothing() -> None:
    scores, _ = made(0.1, 1.0, 4.0)
    twice = replace(scores, cells=2 * scores.cells, totals=2 * scores.totals)
    np.testing.assert_allclose(expected_variance(twice, DESIGN, ALL), expected_variance(scores, DESIGN, ALL), rtol=1e-6)


def test_what_is_not_expressed_teaches_nothing() -> None:
    scores, _ = made(0.2, 0.5, 1.0)
    expressed = ALL.copy()
    expressed[:, 300:] = False
    noisy = scores.log2.copy()
    noisy[:, :, 300:] *= 100
    expected = expected_variance(scores, DESIGN, expressed)
    np.testing.assert_array_equal(expected_variance(replace(scores, log2=noisy), DESIGN, expressed), expected)


def test_biology_may_depend_on_the_level() -> None:
    scores, _ = made(0.0, 0.0, 0.0)
    high = scores.pooled > np.median(scores.pooled)
    spread = np.where(high, 0.2, 1.0)
    log2 = np.random.default_rng(9).normal(0, spread, scores.log2.shape)
    found = expected_variance(replace(scores, log2=np.where(np.isnan(scores.log2), np.nan, log2)), DESIGN, ALL)
    for part, expected in ((high, 0.04), (~high, 1.0)):
        assert np.nanmedian(found[:, part]) == pytest.approx(expected, rel=0.25)


def test_too_little_to_learn_from_gives_weights_of_one() -> None:
    scores, _ = made(0.2, 0.5, 1.0)
    twenty = scores.select(scores.replicates[4:])
    # Twenty replicates of one cell type: a hundred scores are enough, eighty are not.
    for units, enough in ((5, True), (4, False)):
        learned = expected_variance(
            twenty, DESIGN[4:], (ALL & (np.arange(UNITS) < units)) & (np.arange(TYPES) < 1)[:, None]
        )
        assert (learned != 1).all() == enough
    few = ALL & (np.arange(UNITS) < 1)
    found = expected_variance(scores, DESIGN, few)
    assert (found[scores.cells > 0] == 1).all()
    assert np.isnan(found[0, 2]).all()
    every = np.column_stack([np.eye(REPLICATES)])  # a design that explains every replicate
    assert (expected_variance(scores, every, ALL)[scores.cells > 0] == 1).all()
