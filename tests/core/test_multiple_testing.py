from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dolor.core.multiple_testing import benjamini_hochberg

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
