from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from dolor.contrasts.linear.linear_model import fit, is_estimable

RNG = np.random.default_rng(0)
DESIGN = np.column_stack([np.ones(12), np.tile([0, 1], 6), np.repeat([0, 1], 6), RNG.normal(size=12)]).astype(float)
COMPARISONS = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.5, 0.0]])


def test_weighted_fits_are_those_of_statsmodels():
    response, weights = RNG.normal(size=(12, 5)), RNG.uniform(0.5, 2, (12, 5))
    both = np.array([True, True, False])
    found = fit(response, weights, DESIGN, COMPARISONS, together=both)
    for k in range(5):
        expected = sm.WLS(response[:, k], DESIGN, weights=weights[:, k]).fit()
        test = expected.t_test(COMPARISONS)
        np.testing.assert_allclose(found.effect[:, k], test.effect, rtol=1e-9)
        se = np.sqrt(found.unscaled_variance[:, k] * found.variance[k])
        np.testing.assert_allclose(se, test.sd, rtol=1e-9)
        joint = expected.f_test(COMPARISONS[:2])
        assert found.joint[k] / found.variance[k] == pytest.approx(float(joint.fvalue), rel=1e-9)


def test_correlated_fits_are_those_of_generalised_least_squares():
    response, weights = RNG.normal(size=(12, 3)), RNG.uniform(0.5, 2, (12, 3))
    same = np.kron(np.eye(6), np.ones((2, 2)))
    correlation = 0.4 * same + 0.6 * np.eye(12)
    found = fit(response, weights, DESIGN, COMPARISONS, correlation=correlation)
    for k in range(3):
        spread = 1 / np.sqrt(weights[:, k])
        expected = sm.GLS(response[:, k], DESIGN, sigma=correlation * np.outer(spread, spread)).fit()
        np.testing.assert_allclose(found.effect[:, k], expected.t_test(COMPARISONS).effect, rtol=1e-9)
        assert found.variance[k] == pytest.approx(expected.scale, rel=1e-9)


def test_without_comparisons_together_there_is_no_joint_test():
    response = RNG.normal(size=(12, 2))
    found = fit(response, np.ones_like(response), DESIGN, COMPARISONS)
    assert found.joint.dtype == float
    assert np.isnan(found.joint).all()


def test_one_degree_of_freedom_gives_a_variance_and_none_gives_none():
    response, design = RNG.normal(size=(5, 2)), DESIGN[[0, 1, 6, 8, 7]]
    one, none = (fit(response[:n], np.ones((n, 2)), design[:n], COMPARISONS) for n in (5, 4))
    assert (one.df, none.df) == (1, 0)
    for k in range(2):
        assert one.variance[k] == pytest.approx(sm.OLS(response[:, k], design).fit().scale)
    assert np.isnan(none.variance).all()
    assert np.isfinite(none.effect).all()


def test_no_samples_estimate_nothing():
    assert not is_estimable(COMPARISONS[0], DESIGN[:0])


def test_rank_deficient_designs_answer_what_they_can():
    repeated = np.column_stack([DESIGN, DESIGN[:, 1]])
    response = RNG.normal(size=(12, 2))
    wanted = np.array([[0.0, 0.0, 1.0, 0.0, 0.0]])
    plain = fit(response, np.ones_like(response), DESIGN, COMPARISONS[1:2])
    found = fit(response, np.ones_like(response), repeated, wanted)
    np.testing.assert_allclose(found.effect, plain.effect, rtol=1e-9)
    assert found.df == plain.df
    assert is_estimable(wanted[0], repeated)
    assert not is_estimable(np.array([0.0, 1.0, 0.0, 0.0, 0.0]), repeated)
