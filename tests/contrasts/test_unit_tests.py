import numpy as np
import pytest
from scipy import special

from dolor.contrasts.units.detectable import animals_needed, power_of, smallest_detectable
from dolor.contrasts.units.unit_tests import (
    enough_counts,
    most_true_together,
    stagewise_qvalues,
)

SEX_CONTRASTS = np.array([[0.5, -0.5, 0.5, -0.5], [1, -1, 0, 0], [0, 0, 1, -1], [-1, 1, 1, -1]])


def stagewise_by_steps(omnibus, pvalues, level, most):
    """Call at one level, step by step as the procedure is described."""
    number = len(omnibus)
    order = np.sort(omnibus)
    passing = max((k for k in range(1, number + 1) if order[k - 1] <= level * k / number), default=0)
    called = np.zeros(pvalues.shape, dtype=bool)
    for unit in range(number):
        if not passing or omnibus[unit] > order[passing - 1]:
            continue
        for step, row in enumerate(np.argsort(pvalues[:, unit])):
            if pvalues[row, unit] * min(len(pvalues) - step, most) > level * passing / number:
                break
            called[row, unit] = True
    return called


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
def test_stagewise_equals_the_procedure_step_by_step(level, most):
    rng = np.random.default_rng(1)
    omnibus = rng.uniform(size=60) ** 4
    pvalues = np.minimum(omnibus * rng.uniform(0.3, 30, (4, 60)), 1.0)
    adjusted = stagewise_qvalues(omnibus, pvalues, most)
    np.testing.assert_array_equal(adjusted <= level, stagewise_by_steps(omnibus, pvalues, level, most))


def test_stagewise_passes_over_what_is_not_tested():
    pvalues = np.array([[0.001, np.nan, 0.2], [np.nan, 0.5, 0.3]])
    omnibus = np.array([0.001, np.nan, 0.2])
    adjusted = stagewise_qvalues(omnibus, pvalues)
    np.testing.assert_array_equal(np.isnan(adjusted), np.isnan(pvalues) | np.isnan(omnibus))
    assert np.isnan(stagewise_qvalues(np.full(3, np.nan), pvalues)).all()


def test_contrasts_that_span_the_same_cannot_all_be_true():
    assert most_true_together(SEX_CONTRASTS) == 1
    assert most_true_together(np.eye(3)) == 2
    assert most_true_together(np.eye(3)[:1]) == 0


def test_the_filter_does_not_know_the_groups():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1.0, 3.0, 200), (8, 200)).astype(float)
    library = rng.uniform(500, 2000, 8)
    order = rng.permutation(8)
    kept = enough_counts(counts, library, 4)
    np.testing.assert_array_equal(enough_counts(counts[order], library[order], 4), kept)
    np.testing.assert_array_equal(enough_counts(counts, library * 7, 4), kept)
    assert 0 < kept.sum() < 200
    assert not (kept & ~enough_counts(counts, library, 3)).any()


def test_the_filter_is_empty_without_libraries():
    assert not enough_counts(np.zeros((3, 2)), np.zeros(3), 2).any()


def test_power_equals_simulated_power():
    rng = np.random.default_rng(6)
    statistic = (1.5 + 0.5 * rng.normal(size=200_000)) / (0.5 * np.sqrt(rng.chisquare(9, 200_000) / 9))
    simulated = (np.abs(statistic) > special.stdtrit(9, 0.975)).mean()
    np.testing.assert_allclose(power_of(np.array([1.5]), np.array([0.5]), np.array([9.0])), simulated, atol=0.005)


def test_the_smallest_detectable_change_has_the_power_asked_for():
    se, df = np.array([0.2, 1.0, np.nan]), np.array([6.0, 40.0, 8.0])
    change = smallest_detectable(se, df, alpha=0.01, power=0.9)
    np.testing.assert_allclose(power_of(change[:2], se[:2], df[:2], 0.01), 0.9, atol=1e-6)
    assert np.isnan(change[2])


def test_an_interaction_needs_more_animals_than_a_main_effect():
    main = animals_needed(1.0, 30.0, 0.1, arms=(0.5, 0.5, -0.5, -0.5))
    interaction = animals_needed(1.0, 30.0, 0.1, arms=(1, -1, -1, 1))
    assert main is not None
    assert interaction is not None
    assert interaction > 2 * main
    assert animals_needed(0.01, 1.0, 0.5, most=20) is None
