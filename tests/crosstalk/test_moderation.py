from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from dolor.crosstalk.linear_model import fit
from dolor.crosstalk.moderation import Prior, fit_prior, moderate, trigamma_inverse

DESIGN = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4), np.tile([0.0, 1.0], 4)])


def responses() -> np.ndarray:
    """Forty responses of eight samples whose variance falls with their mean."""
    rng = np.random.default_rng(42)
    mean = np.round(rng.uniform(1, 9, 40), 3)
    spread = np.sqrt(0.3 * np.exp(-0.3 * (mean - 5)) * 6 / rng.chisquare(6, 40))
    return np.round(mean[:, None] + rng.standard_normal((40, 8)) * spread[:, None], 3).T


# lmFit and eBayes of inmoose 0.9.1, an independent port of limma, on the same numbers.
LIMMA = {
    False: (2.880012084680401, [0.2603187] * 3, [0.15959062, 0.49908053, 0.44438593],
            [6.74382509e-01, -2.85262410e-02, 1.41501382e00], [5.19358251e-01, 9.77951646e-01, 1.95344126e-01]),
    True: (4.757392531989663, [0.15039897, 0.48662146, 0.12619723], [0.12537796, 0.56347932, 0.34357696],
           [7.60850587e-01, -2.68466976e-02, 1.60926963e00], [4.64735843e-01, 9.79123132e-01, 1.39394066e-01]),
}  # fmt: skip


@pytest.mark.parametrize("trend", [False, True])
def test_moderated_t_is_that_of_limma(trend: bool):
    values = responses()
    result = fit(values, np.ones_like(values), DESIGN, np.array([[0.0, 1.0, 0.0]]))
    df = np.full(40, float(result.df))
    prior = fit_prior(result.variance, df, values.mean(axis=0) if trend else None)
    variance, total = moderate(result.variance, df, prior)
    statistic = result.effect[0] / np.sqrt(result.unscaled_variance[0] * variance)
    prior_df, prior_variance, posterior, t, p = LIMMA[trend]
    assert prior.df == pytest.approx(prior_df, rel=1e-9)
    np.testing.assert_allclose(prior.variance[:3], prior_variance, rtol=1e-6)
    np.testing.assert_allclose(variance[:3], posterior, rtol=1e-6)
    np.testing.assert_allclose(statistic[:3], t, rtol=1e-6)
    np.testing.assert_allclose(2 * special.stdtr(total, -np.abs(statistic))[:3], p, rtol=1e-6)


def test_a_known_prior_is_recovered():
    rng = np.random.default_rng(1)
    truth = 0.4 * 8 / rng.chisquare(8, 50_000)
    observed = truth * rng.chisquare(4, 50_000) / 4
    prior = fit_prior(observed, np.full(50_000, 4.0))
    assert prior.df == pytest.approx(8, rel=0.05)
    assert prior.variance[0] == pytest.approx(0.4, rel=0.03)


def test_equal_variances_give_an_infinite_prior_bounded_by_all_degrees_of_freedom():
    rng = np.random.default_rng(2)
    observed = rng.chisquare(4, 20) / 4
    variance, total = moderate(observed, np.full(20, 4.0), Prior(np.inf, np.full(20, 1.0)))
    assert (variance == 1.0).all()
    assert (total == 80.0).all()


def test_too_few_tests_are_not_moderated():
    prior = fit_prior(np.array([1.0, 2.0]), np.array([4.0, 4.0]))
    variance, total = moderate(np.array([1.0, 2.0]), np.array([4.0, 4.0]), prior)
    assert variance.tolist() == [1.0, 2.0]
    assert total.tolist() == [4.0, 4.0]


@pytest.mark.parametrize("argument", [1e-5, 0.1, 1.0, 30.0, 1e8])
def test_trigamma_inverse(argument: float):
    assert trigamma_inverse(float(special.polygamma(1, argument))) == pytest.approx(argument, rel=1e-6)
