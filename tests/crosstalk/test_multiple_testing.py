from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dolor.crosstalk.multiple_testing import benjamini_hochberg, simes, stagewise

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
    assert np.isnan(simes(np.array([np.nan])))


def test_stagewise_keeps_the_share_of_wrong_groups_at_the_level():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), 20)
    wrong, called = [], []
    for _ in range(60):
        pvalues = rng.uniform(size=(200, 20))
        pvalues[:40, 0] = rng.uniform(0, 1e-4, 40)
        _, confirmed = stagewise(pvalues.ravel(), groups, 0.1)
        any_called = confirmed.reshape(200, 20).any(axis=1)
        false = confirmed.reshape(200, 20).copy()
        false[:40, 0] = False
        wrong.append(false.any(axis=1).sum() / max(any_called.sum(), 1))
        called.append(any_called[:40].mean())
    assert np.mean(wrong) <= 0.1
    assert np.mean(called) > 0.5


def test_a_group_that_does_not_pass_confirms_nothing():
    screening, confirmed = stagewise(np.array([0.04, 0.9, 0.9, 0.001]), np.array([0, 0, 0, 1]), 0.05)
    assert screening[0] == pytest.approx(0.12)
    assert confirmed.tolist() == [False, False, False, True]
