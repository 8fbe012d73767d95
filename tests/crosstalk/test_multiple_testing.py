from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dolor.contrasts.linear.multiple_testing import benjamini_hochberg, stagewise

PVALUES = hnp.arrays(float, st.integers(1, 50), elements=st.floats(0, 1))


@settings(deadline=None)
@given(PVALUES)
def test_adjustment_is_that_of_scipy(pvalues: np.ndarray):
    np.testing.assert_allclose(benjamini_hochberg(pvalues), stats.false_discovery_control(pvalues), rtol=1e-12)


def test_missing_pvalues_take_no_part():
    full = benjamini_hochberg(np.array([0.01, 0.2]))
    with_gap = benjamini_hochberg(np.array([np.nan, 0.01, np.nan, 0.2]))
    np.testing.assert_array_equal(with_gap, [np.nan, full[0], np.nan, full[1]])
    assert np.isnan(benjamini_hochberg(np.array([np.nan]))).all()


def two_stages(pvalues: np.ndarray, level: float) -> np.ndarray:
    """Call tests at one level, written as the procedure is told: screen families, then confirm by Holm within them."""
    tested = [column[np.isfinite(column)] for column in pvalues.T]
    families = [i for i, column in enumerate(tested) if len(column)]
    simes = [stats.false_discovery_control(tested[i]).min() for i in families]
    passing = [i for i, q in zip(families, stats.false_discovery_control(simes), strict=True) if q <= level]
    called = np.zeros(pvalues.shape, dtype=bool)
    for family in passing:
        allowed = level * len(passing) / len(families)
        order = np.argsort(pvalues[:, family])
        for step, test in enumerate(order[: len(tested[family])]):
            if pvalues[test, family] * (len(tested[family]) - step) > allowed:
                break
            called[test, family] = True
    return called


@pytest.mark.parametrize("seed", range(6))
def test_a_stagewise_q_at_most_the_level_is_a_call_of_both_stages(seed: int):
    rng = np.random.default_rng(seed)
    pvalues = rng.uniform(size=(7, 30)) ** rng.choice([1, 4], 30)
    pvalues[rng.uniform(size=pvalues.shape) < 0.2] = np.nan
    pvalues[:, 4] = np.nan
    adjusted = stagewise(pvalues)
    assert (np.isnan(adjusted) == np.isnan(pvalues)).all()
    assert np.nanmax(adjusted) <= 1
    for level in (0.001, 0.01, 0.05, 0.1, 0.2, 0.5, 0.8, 0.95, 0.99):
        np.testing.assert_array_equal(adjusted <= level, two_stages(pvalues, level))


def test_stagewise_keeps_the_share_of_wrong_families_at_the_level():
    rng = np.random.default_rng(0)
    wrong, found = [], []
    for _ in range(60):
        pvalues = rng.uniform(size=(20, 200))
        pvalues[0, :40] = rng.uniform(0, 1e-4, 40)
        called = stagewise(pvalues) <= 0.1
        false = called.copy()
        false[0, :40] = False
        wrong.append(false.any(axis=0).sum() / max(called.any(axis=0).sum(), 1))
        found.append(called[0, :40].mean())
    assert np.mean(wrong) <= 0.1
    assert np.mean(found) > 0.5


def test_stagewise_without_any_test():
    assert np.isnan(stagewise(np.full((3, 2), np.nan))).all()
    assert stagewise(np.empty((0, 2))).shape == (0, 2)
