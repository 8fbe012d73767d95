from __future__ import annotations

import numpy as np
import pytest

from dolor.simulate.cells import cell_factors, draw_modules, gamma_poisson, module_factors
from dolor.simulate.design import draw_cells, expected_proportions, plan
from dolor.simulate.droplets import ambient_profile, cling, draw_ambient, merge, pair_up
from dolor.simulate.planted_effects import Plant


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_counts_have_the_mean_and_the_variance_of_the_negative_binomial(rng):
    mean, dispersion = np.array([0.5, 3.0, 20.0]), np.array([0.2, 1.0, 0.4])
    counts = gamma_poisson(np.tile(mean, (60_000, 1)), dispersion, rng)
    np.testing.assert_allclose(counts.mean(axis=0), mean, rtol=0.03)
    np.testing.assert_allclose(counts.var(axis=0), mean + dispersion * mean**2, rtol=0.06)


def test_nothing_is_expected_nothing_is_drawn(rng):
    assert gamma_poisson(np.zeros((5, 3)), np.full(3, 0.3), rng).sum() == 0


def test_modules_move_genes_together_and_leave_the_mean(rng):
    modules = np.array([[0.5, 0.5, 0.0]])
    factors = module_factors(200_000, modules, rng)
    np.testing.assert_allclose(factors.mean(axis=0), 1.0, atol=0.01)
    assert np.corrcoef(factors[:, 0], factors[:, 1])[0, 1] > 0.99
    assert (draw_modules(3, 1000, rng) == 0).mean() > 0.7


def test_a_damaged_cell_keeps_its_mitochondria_and_little_else(rng):
    damaged = np.array([True, False])
    factors = cell_factors(2, np.array([0, 1]), damaged, rng)
    assert factors[0, 0] < 0.5
    assert factors[0, 1] / factors[0, 0] > 2 * factors[1, 1] / factors[1, 0]


def test_the_ambient_profile_is_the_mixture_with_excess():
    profile = ambient_profile(np.array([8.0, 2.0, 0.0]), np.array([1.0, 4.0, 1.0]), np.array([0.0, 0.0, 5.0]), 0.1)
    np.testing.assert_allclose(profile, [0.45, 0.45, 0.1])


def test_droplets_take_up_the_expected_number_of_ambient_transcripts(rng):
    taken = draw_ambient(np.array([0.9, 0.1]), 50.0, 20_000, rng)
    np.testing.assert_allclose(taken.sum(axis=1).mean(), 50.0, rtol=0.02)
    np.testing.assert_allclose(taken[:, 1].sum() / taken.sum(), 0.1, rtol=0.03)


def test_merging_keeps_every_count_and_names_both_cells(rng):
    counts = rng.poisson(3.0, (12, 6)).astype(np.int32)
    droplets = pair_up(9, 0.5, rng)[:3]
    merged, main, other = merge(counts, droplets)
    assert merged.sum() == counts.sum()
    pairs = [frozenset((main[place], other[place])) for place in droplets]
    assert pairs == [frozenset((place, 9 + number)) for number, place in enumerate(droplets)]
    assert (np.delete(other, droplets) == -1).all()


def test_cells_that_cling_share_droplets(rng):
    population = np.array([0, 0, 1, 2, 2])
    shared = np.array([0, 2])
    assert cling(population, shared, np.array([1, -1, -1]), 1.0, rng).tolist() == [0, 0, 1, 1, 2]
    assert cling(population, shared, np.array([-1, -1, -1]), 1.0, rng).tolist() == population.tolist()


def test_proportions_move_with_the_plants_and_sum_to_one():
    shares = expected_proportions({"a": 3.0, "b": 1.0}, [Plant("b", np.log2(3), condition="injured", sex="female")])
    np.testing.assert_allclose(shares.sum(), 1.0)
    np.testing.assert_allclose(shares[("injured", "female")], [0.5, 0.5])
    np.testing.assert_allclose(shares[("injured", "male")], [0.75, 0.25])


def test_a_population_that_is_lacking_is_not_drawn(rng):
    drawn = draw_cells(np.array([0.5, 0.5]), np.array([False, True]), 100, rng)
    assert (drawn == 0).all()


def test_batches_cross_all_arms():
    libraries = [one for one in plan("drg", 4, faults=False) if one.donor_id]
    arms = {(one.condition, one.true_sex, one.batch) for one in libraries}
    assert len(arms) == 8
    assert len({one.sample_id for one in libraries}) == len({one.donor_id for one in libraries}) == 16


def test_faults_are_one_pool_one_swap_and_one_gap():
    libraries = plan("drg", 3, missing="mural_cell")
    assert [one.true_sex for one in libraries].count("mixed") == 1
    assert sum(one.true_sex != one.reported_sex for one in libraries) == 1
    assert [one.missing for one in libraries if one.missing] == ["mural_cell"]
    assert not any(one.missing or one.true_sex != one.reported_sex for one in plan("drg", 3, faults=False))
