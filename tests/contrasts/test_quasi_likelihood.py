import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dolor.contrasts.units.deviance_moments import deviance_moments
from dolor.contrasts.units.dispersion_prior import fit_dispersion_prior
from dolor.contrasts.units.negative_binomial import fit_negative_binomial, unit_deviance
from dolor.contrasts.units.quasi_likelihood import contrast_tests, fit_units, joint_pvalues

TWO_GROUPS = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
CHANGE = np.array([[0.0, 1.0]])
# Cell means of two conditions and two sexes, four samples each.
FOUR_ARMS = np.eye(4)[np.repeat(np.arange(4), 4)]


def draw(rng, mean, design, change=0.0, dispersion=0.1, units=400):
    level = mean * np.exp(rng.normal(0, 0.7, units))
    library = np.exp(rng.normal(0, 0.3, len(design)))
    expected = library[:, None] * level * np.exp2(design[:, -1:] * change)
    shape = 1 / dispersion
    return rng.poisson(expected * rng.gamma(shape, dispersion, expected.shape)).astype(float), np.log(library)


@pytest.fixture(scope="module")
def reference():
    table = json.loads(Path(__file__).with_name("edger_reference.json").read_text(encoding="utf-8"))
    return {name: np.array(values) for name, values in table.items()}


@pytest.fixture(scope="module")
def drawn():
    return draw(np.random.default_rng(3), 10.0, TWO_GROUPS)


def test_the_fit_equals_that_of_edger(reference):
    # edgeR divides the dispersion that it is given by the average quasi-dispersion.
    dispersion = float(reference["dispersion"] / reference["average_quasi_dispersion"])
    fitted = fit_negative_binomial(
        reference["counts"].astype(float), reference["design"], np.log(reference["library"]), dispersion
    )
    np.testing.assert_allclose(fitted.deviance, reference["deviance"], rtol=1e-4)
    together = (reference["counts"][:5].sum(axis=0) > 0) & (reference["counts"][5:].sum(axis=0) > 0)
    np.testing.assert_allclose(fitted.coefficients[1, together], reference["coefficients"][together], atol=1e-3)


def test_degrees_of_freedom_of_small_counts_agree_with_those_of_edger(reference):
    counts, design = reference["counts"].astype(float), np.linalg.qr(reference["design"])[0]
    dispersion = float(reference["dispersion"] / reference["average_quasi_dispersion"])
    fitted = fit_negative_binomial(counts, design, np.log(reference["library"]), dispersion)
    mean, variance = deviance_moments(fitted.mean, dispersion)
    df = ((1 - fitted.leverage(design)) * 2 * mean**2 / variance).sum(axis=0)
    np.testing.assert_allclose(df, reference["df"], rtol=0.04)


def test_the_tests_agree_with_those_of_edger(reference):
    fit = fit_units(reference["counts"].astype(float), reference["design"], np.log(reference["library"]))
    tests = contrast_tests(fit, CHANGE)
    np.testing.assert_allclose(tests.effect[0], reference["log2_change"], atol=0.05)
    logs = np.log10(tests.pvalue[0]) - np.log10(reference["pvalue"])
    assert np.abs(logs).max() < 0.4
    assert np.abs(np.median(logs)) < 0.05


@pytest.mark.parametrize(("mean", "dispersion"), [(0.05, 0.1), (1.0, 0.02), (7.0, 0.4), (300.0, 0.1)])
def test_moments_of_the_deviance_equal_sums_over_all_counts(mean, dispersion):
    counts = np.arange(0, 20_000.0)
    mass = stats.nbinom.pmf(counts, 1 / dispersion, 1 / (1 + dispersion * mean))
    deviance = unit_deviance(counts, np.full_like(counts, mean), dispersion)
    expected = mass @ deviance
    first, second = deviance_moments(np.array([mean]), dispersion)
    np.testing.assert_allclose(first, expected, rtol=0.02)
    np.testing.assert_allclose(second, mass @ (deviance - expected) ** 2, rtol=0.04)


def test_leakage_is_a_term_of_the_mean(drawn):
    counts, offset = drawn
    leaked = np.random.default_rng(0).uniform(0.0, 3.0, counts.shape)
    fitted = fit_negative_binomial(counts + leaked, TWO_GROUPS, offset, 0.1, leaked)
    assert ((fitted.mean - fitted.own - leaked) < 1e-9).all()
    # With more leakage on one side only, a unit that does not change does not seem to.
    rng = np.random.default_rng(8)
    own = rng.poisson(np.full((8, 300), 20.0))
    extra = np.where(TWO_GROUPS[:, 1:] > 0, 20.0, 0.0) * np.ones((8, 300))
    mixed = (own + rng.poisson(extra)).astype(float)
    with_term = contrast_tests(fit_units(mixed, TWO_GROUPS, np.zeros(8), extra), CHANGE).effect
    without = contrast_tests(fit_units(mixed, TWO_GROUPS, np.zeros(8)), CHANGE).effect
    assert abs(np.median(with_term)) < 0.05
    assert np.median(without) > 0.9


def test_counts_below_their_leakage_stay_finite():
    counts = np.tile([[0.0, 5.0]], (8, 1))
    counts[4:, 0] = 6.0
    tests = contrast_tests(fit_units(counts, TWO_GROUPS, np.zeros(8), np.full((8, 2), 4.0)), CHANGE)
    for values in (tests.effect, tests.se, tests.pvalue):
        assert np.isfinite(values).all()
    assert (tests.pvalue > 0).all()


def test_order_of_samples_changes_nothing(drawn):
    counts, offset = drawn
    order = np.random.default_rng(1).permutation(8)
    straight = contrast_tests(fit_units(counts, TWO_GROUPS, offset), CHANGE)
    shuffled = contrast_tests(fit_units(counts[order], TWO_GROUPS[order], offset[order]), CHANGE)
    np.testing.assert_allclose(shuffled.effect, straight.effect, atol=1e-5)
    np.testing.assert_allclose(shuffled.pvalue, straight.pvalue, rtol=1e-4)


def test_swapping_the_conditions_flips_every_sign_exactly(drawn):
    counts, offset = drawn
    fit = fit_units(counts, TWO_GROUPS, offset)
    one, other = contrast_tests(fit, CHANGE), contrast_tests(fit, -CHANGE)
    np.testing.assert_array_equal(other.effect, -one.effect)
    np.testing.assert_array_equal(other.statistic, -one.statistic)
    np.testing.assert_array_equal(other.pvalue, one.pvalue)


def test_coding_the_conditions_the_other_way_flips_every_sign_exactly():
    rng = np.random.default_rng(9)
    counts, offset = draw(rng, 10.0, FOUR_ARMS)
    condition, sex = np.repeat([0.0, 1.0], 8), np.tile(np.repeat([0.0, 1.0], 4), 2)
    found = []
    for coded in (condition, 1 - condition):
        design = np.column_stack([np.ones(16), coded, sex, coded * sex])
        found.append(contrast_tests(fit_units(counts, design, offset), np.array([[0, 1, 0, 0.5], [0, 0, 0, 1.0]])))
    np.testing.assert_array_equal(found[1].effect, -found[0].effect)
    np.testing.assert_array_equal(found[1].statistic, -found[0].statistic)
    np.testing.assert_array_equal(found[1].pvalue, found[0].pvalue)


def test_the_unit_of_library_sizes_changes_nothing(drawn):
    counts, offset = drawn
    one = contrast_tests(fit_units(counts, TWO_GROUPS, offset), CHANGE)
    other = contrast_tests(fit_units(counts, TWO_GROUPS, offset + np.log(1e4)), CHANGE)
    np.testing.assert_allclose(other.effect, one.effect, atol=1e-5)
    np.testing.assert_allclose(other.pvalue, one.pvalue, rtol=1e-4)


def test_coding_of_the_design_changes_nothing(drawn):
    counts, offset = drawn
    cell_means = np.column_stack([1 - TWO_GROUPS[:, 1], TWO_GROUPS[:, 1]])
    one = contrast_tests(fit_units(counts, TWO_GROUPS, offset), CHANGE)
    other = contrast_tests(fit_units(counts, cell_means, offset), np.array([[-1.0, 1.0]]))
    np.testing.assert_allclose(other.effect, one.effect, atol=1e-5)
    np.testing.assert_allclose(other.pvalue, one.pvalue, rtol=1e-4)


def test_an_arm_of_zeros_gives_a_bounded_effect_and_an_honest_p():
    counts, offset = draw(np.random.default_rng(5), 6.0, TWO_GROUPS, units=200)
    counts[:4, 0], counts[4:, 0] = 0, 8
    counts[:4, 1], counts[4:, 1] = 0, [1, 0, 0, 0]
    tests = contrast_tests(fit_units(counts, TWO_GROUPS, offset), CHANGE)
    assert 3 < tests.effect[0, 0] < 10
    assert tests.pvalue[0, 0] < 0.001
    assert tests.pvalue[0, 1] > 0.1
    assert np.isfinite(tests.se[0, :2]).all()


def test_p_is_uniform_where_nothing_changes():
    rng = np.random.default_rng(11)
    shares = []
    for mean in (3.0, 10.0, 60.0):
        counts, offset = draw(rng, mean, FOUR_ARMS, units=1500)
        kept = counts.sum(axis=0) >= 10
        fit = fit_units(counts[:, kept], FOUR_ARMS, offset)
        interaction = contrast_tests(fit, np.array([[1.0, -1.0, -1.0, 1.0]])).pvalue
        shares += [(interaction < 0.05).mean(), (joint_pvalues(fit, np.eye(4)[1:] - np.eye(4)[0]) < 0.05).mean()]
    assert 0.03 < np.mean(shares) < 0.065
    assert max(shares) < 0.08


def test_power_at_mean_count_five():
    counts, offset = draw(
        np.random.default_rng(2), 5.0, TWO_GROUPS, change=np.where(np.arange(600) < 90, 1.8, 0.0), units=600
    )
    pvalue = contrast_tests(fit_units(counts, TWO_GROUPS, offset), CHANGE).pvalue[0]
    called = stats.false_discovery_control(np.nan_to_num(pvalue, nan=1.0)) < 0.1
    assert called[:90].mean() > 0.5
    assert called[90:].sum() <= 0.2 * called.sum()


def test_what_cannot_be_estimated_is_missing(drawn):
    counts, offset = drawn
    counts = counts.copy()
    counts[:, 0] = 0
    confounded = np.column_stack([TWO_GROUPS, TWO_GROUPS[:, 1]])
    tests = contrast_tests(fit_units(counts, confounded, offset), np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 1.0]]))
    assert np.isnan(tests.effect[0]).all()
    assert np.isnan(tests.pvalue[0]).all()
    assert np.isnan(tests.effect[1, 0])
    assert np.isfinite(tests.pvalue[1, 1:]).all()


def test_without_residual_degrees_of_freedom_there_is_no_test(drawn):
    counts, offset = drawn
    rows = [0, 4]
    tests = contrast_tests(fit_units(counts[rows], TWO_GROUPS[rows], offset[rows]), CHANGE)
    assert np.isfinite(tests.effect[0, counts[rows].any(axis=0)]).all()
    assert np.isnan(tests.pvalue).all()
    assert np.isnan(tests.se).all()


def test_one_unit_alone_is_tested():
    counts = np.array([[5.0, 6, 4, 7, 15, 14, 18, 12]]).T
    tests = contrast_tests(fit_units(counts, TWO_GROUPS, np.zeros(8)), CHANGE)
    assert 0 < tests.pvalue[0, 0] < 0.01


def test_a_joint_test_of_one_contrast_is_its_test(drawn):
    counts, offset = drawn
    fit = fit_units(counts, TWO_GROUPS, offset)
    np.testing.assert_allclose(joint_pvalues(fit, CHANGE), contrast_tests(fit, CHANGE).pvalue[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("place", "value"), [("counts", -1.0), ("counts", np.nan), ("leaked", -0.5), ("offset", np.inf), ("design", np.nan)]
)
def test_bad_values_are_refused(drawn, place, value):
    counts, offset = drawn
    given = {"counts": counts.copy(), "design": TWO_GROUPS.copy(), "offset": offset.copy(), "leaked": 0 * counts}
    given[place].flat[0] = value
    with pytest.raises(ValueError, match=place):
        fit_units(**given)


def test_shapes_that_disagree_are_refused(drawn):
    counts, offset = drawn
    with pytest.raises(ValueError, match="disagree"):
        fit_units(counts[:7], TWO_GROUPS, offset)
    with pytest.raises(ValueError, match="shape"):
        fit_units(counts, TWO_GROUPS, offset, counts[:, :1])


def test_the_prior_finds_its_scale_and_certainty():
    rng = np.random.default_rng(4)
    df = rng.uniform(0.3, 6.0, 4000)
    value = 2.0 * stats.f.rvs(df, 12.0, random_state=rng)
    prior = fit_dispersion_prior(value, df, rng.normal(size=4000), np.ones(4000, dtype=bool))
    assert 8 < prior.df < 20
    np.testing.assert_allclose(np.median(prior.scale), 2.0, rtol=0.1)


def test_units_that_vary_far_more_than_others_are_moderated_less():
    rng = np.random.default_rng(4)
    df = np.full(500, 6.0)
    value = stats.f.rvs(df, 30.0, random_state=rng)
    value[0] = 40.0
    prior = fit_dispersion_prior(value, df, rng.normal(size=500), np.ones(500, dtype=bool))
    assert prior.unit_df[0] < 0.2 * prior.df
    np.testing.assert_allclose(np.median(prior.unit_df), prior.df, rtol=0.05)
    assert prior.moderate(value, df, 1e9)[0][0] > 20
