from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import interpolate, special

from dolor.contrasts.linear.linear_model import fit
from dolor.contrasts.linear.models import block_correlation
from dolor.contrasts.linear.moderation import Prior, fit_prior, moderate, natural_spline, trigamma_inverse

# limma itself (Bioconductor) and two ports of it on random data; limma/make_reference.py says how it was made.
REFERENCE = json.loads((Path(__file__).parent / "limma" / "reference.json").read_text())
RESULTS = [(name, tool) for name, scenario in REFERENCE["scenarios"].items() for tool in scenario["results"]]


@pytest.mark.parametrize(("scenario", "tool"), RESULTS)
def test_moderated_tests_are_those_of_limma_and_of_its_ports(scenario: str, tool: str):
    """Trend, precision weights, several groups and correlated donors included."""
    data, expected = (REFERENCE["scenarios"][scenario][part] for part in ("data", "results"))
    values = np.array(data["values"]).T
    weights = np.ones_like(values) if data["weights"] is None else np.array(data["weights"]).T
    comparisons = np.array(data["contrast"])
    blocks = None if data["block"] is None else np.eye(5)[data["block"]]
    result = fit(
        values, weights, np.array(data["design"]), comparisons, together=np.ones(len(comparisons), dtype=bool),
        correlation=None if blocks is None else block_correlation(blocks, data["correlation"]),
    )  # fmt: skip
    df = np.full(values.shape[1], float(result.df))
    prior = fit_prior(result.variance, df, values.mean(axis=0) if data["trend"] else None)
    variance, total = moderate(result.variance, df, prior)
    statistic = result.effect / np.sqrt(result.unscaled_variance * variance)
    ours = {
        "effect": result.effect,
        "t": statistic,
        "pvalue": 2 * special.stdtr(total, -np.abs(statistic)),
        "posterior": variance[None],
        "prior_df": np.array([[prior.df]]),
    }
    if len(comparisons) > 1 and tool == "limma":
        ours["joint_pvalue"] = special.fdtrc(len(comparisons), total, result.joint / variance)[None]
    for name, found in ours.items():
        reference = np.array(expected[tool][name])
        assert found.T.shape == reference.shape
        np.testing.assert_allclose(found.T, reference, rtol=1e-6, atol=1e-9, err_msg=name)


def test_the_reference_holds_the_original_and_two_ports():
    assert {tool for _, tool in RESULTS} == set(REFERENCE["versions"]) == {"limma", "inmoose", "limma-py"}


def test_the_spline_is_natural_whatever_the_units():
    """Every natural cubic spline on the terciles is in the span, and nothing but such splines."""
    rng = np.random.default_rng(4)
    covariate = rng.normal(3, 2, 200)
    basis = natural_spline(covariate)
    knots = np.quantile(covariate, [0, 1 / 3, 2 / 3, 1])
    spline = interpolate.CubicSpline(knots, rng.normal(size=4), bc_type="natural")(covariate)
    assert np.linalg.matrix_rank(basis) == 4
    fitted = basis @ np.linalg.lstsq(basis, spline, rcond=None)[0]
    np.testing.assert_allclose(fitted, spline, atol=1e-9)
    np.testing.assert_allclose(natural_spline(1e6 * covariate - 5), basis, atol=1e-6)


def test_a_covariate_of_one_or_two_values_gives_no_curve():
    assert natural_spline(np.full(9, 1e6)).shape == (9, 1)
    assert natural_spline(np.repeat([0.0, 1.0], 5)).shape == (10, 2)


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


def test_variances_that_scatter_less_than_chance_give_a_certain_prior():
    df = np.full(200, 4.0)
    prior = fit_prior(np.full(200, 2.0), df)
    assert prior.df == np.inf
    # Were 2 the median of such variances, their mean would be larger: the logarithm of a chi-square is biased.
    expected = 2 / np.exp(special.digamma(2) - np.log(2))
    np.testing.assert_allclose(prior.variance, expected)


def test_constant_scores_count_as_a_small_part_of_the_median():
    random = np.random.default_rng(3)
    observed = 0.1 * random.chisquare(4, 41) / 4
    df, part = np.full(50, 4.0), 1e-5 * np.median(observed)
    ours = fit_prior(np.concatenate([observed, np.zeros(9)]), df)
    theirs = fit_prior(np.concatenate([observed, np.full(9, part)]), df)
    assert ours.df == pytest.approx(theirs.df)
    np.testing.assert_allclose(ours.variance, theirs.variance)
    assert ours.variance[0] < np.median(observed)
    none = fit_prior(np.zeros(5), np.full(5, 4.0))
    assert none.df == np.inf
    np.testing.assert_allclose(none.variance, 1 / np.exp(special.digamma(2) - np.log(2)))


def test_a_trend_needs_more_than_two_tests_a_coefficient():
    random = np.random.default_rng(6)
    covariate, observed = np.linspace(0, 1, 9), random.chisquare(4, 9)
    eight = fit_prior(observed[:8], np.full(8, 4.0), covariate[:8])
    plain = fit_prior(observed[:8], np.full(8, 4.0))
    assert eight.df == plain.df
    np.testing.assert_array_equal(eight.variance, plain.variance)
    assert len(set(fit_prior(observed, np.full(9, 4.0), covariate).variance)) == 9


def test_three_tests_are_moderated():
    assert fit_prior(np.array([1.0, 1.1, 0.9]), np.full(3, 4.0)).df == np.inf


def test_a_covariate_of_three_values_bends_once():
    covariate = np.repeat([0.0, 1.0, 5.0], [20, 20, 30])
    basis = natural_spline(covariate)
    spline = interpolate.CubicSpline([0, 1, 5], [1.0, -2.0, 0.5], bc_type="natural")(covariate)
    assert basis.shape == (70, 3)
    np.testing.assert_allclose(basis @ np.linalg.lstsq(basis, spline, rcond=None)[0], spline, atol=1e-9)


def test_too_few_tests_are_not_moderated():
    prior = fit_prior(np.array([1.0, 2.0]), np.array([4.0, 4.0]))
    variance, total = moderate(np.array([1.0, 2.0]), np.array([4.0, 4.0]), prior)
    assert variance.tolist() == [1.0, 2.0]
    assert total.tolist() == [4.0, 4.0]


@pytest.mark.parametrize("argument", [1e-5, 0.1, 1.0, 30.0, 1e8])
def test_trigamma_inverse(argument: float):
    assert trigamma_inverse(float(special.polygamma(1, argument))) == pytest.approx(argument, rel=1e-6)
