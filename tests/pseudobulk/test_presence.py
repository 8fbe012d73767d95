import numpy as np
import pytest
from scipy import stats

from dolor.core.errors import UsageError
from dolor.pseudobulk.leakage import expected_leakage
from dolor.pseudobulk.presence import FLOOR, Status, excess_pvalues, leakage_spread, presence, supported
from dolor.pseudobulk.unit_parts import combine_pvalues, smallest_subunit, sum_parts, unit_parts


def study(seed=0, n_samples=6, n_populations=5, n_genes=400, factor=1.0, dispersion=0.0):
    """Every gene is expressed by one population, leaks into all, and is otherwise silent."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(20, 60, (n_samples, n_populations))
    library = cells * 4000.0
    owner = rng.integers(0, n_populations, n_genes)
    level = np.where(np.arange(n_populations)[:, None] == owner, np.exp(rng.normal(2.5, 1.0, n_genes)), 0.0)
    own = library[:, :, None] * level / 1e4
    profile = own.sum(axis=1) / own.sum(axis=(1, 2))[:, None]
    leaked = expected_leakage(profile, np.full(n_samples, 120.0), cells)
    spread = rng.gamma(1 / dispersion, dispersion, (n_populations, n_genes)) if dispersion else 1.0
    counts = rng.poisson(own + leaked * factor * spread).astype(float)
    groups = np.repeat(np.eye(2, dtype=bool), n_samples // 2, axis=1)
    return counts, cells, library, leaked, groups, level


@pytest.mark.parametrize("dispersion", [0.05, 0.7, 4.0])
def test_tail_is_that_of_the_negative_binomial(dispersion):
    observed, mean = np.array([1.0, 4.0, 30.0, 90.0]), np.array([0.3, 5.0, 10.0, 40.0])
    found = excess_pvalues(observed, mean, np.zeros(4), np.full(4, dispersion))
    size = 1 / dispersion
    assert found == pytest.approx(stats.nbinom.sf(observed - 1, size, size / (size + mean)), rel=1e-9)


def test_background_adds_to_the_mean_and_only_leakage_is_overdispersed():
    leaked, background, dispersion, observed = 6.0, 4.0, 0.5, 21.0
    mean, variance = leaked + background, leaked + background + dispersion * leaked**2
    reference = stats.nbinom.sf(observed - 1, mean**2 / (variance - mean), mean / variance)
    found = excess_pvalues(*(np.array([value]) for value in (observed, leaked, background, dispersion)))
    assert found[0] == pytest.approx(reference, rel=1e-9)
    alone = excess_pvalues(np.array([3.0]), np.array([0.0]), np.array([1.5]), np.array([0.5]))
    assert alone[0] == pytest.approx(stats.poisson.sf(2, 1.5), rel=1e-9)


def test_tail_at_its_ends():
    zero = np.zeros(1)
    assert excess_pvalues(zero, np.array([2.0]), zero, np.array([0.1]))[0] == 1.0
    assert excess_pvalues(zero, zero, zero, zero)[0] == 1.0
    assert excess_pvalues(np.array([1.0]), zero, zero, zero)[0] == 0.0


@pytest.mark.parametrize("dispersion", [0.0, 0.1, 0.5])
def test_pvalues_hold_their_level_under_the_null(dispersion):
    rng = np.random.default_rng(11)
    leaked, background = np.exp(rng.uniform(-1, 4, 20_000)), rng.uniform(0, 5, 20_000)
    rate = rng.gamma(1 / dispersion, dispersion, 20_000) if dispersion else 1.0
    observed = rng.poisson(leaked * rate + background).astype(float)
    p = excess_pvalues(observed, leaked, background, np.full(20_000, dispersion))
    assert (p < 0.05).mean() < 0.055
    assert (p < 0.001).mean() < 0.002
    assert (p < 0.5).mean() > 0.35


def test_expressed_genes_are_present_and_leaked_ones_absent():
    *data, level = study(dispersion=0.05)
    status = presence(*data).status
    assert (status[:, level >= 5] == Status.PRESENT).mean() > 0.98
    assert (status[:, level == 0] == Status.PRESENT).mean() < 0.01


def test_spread_finds_what_leaks_more_than_expected():
    counts, _cells, library, leaked, _groups, _ = study(n_genes=3000, factor=1.6, dispersion=0.2)
    sums = [value.sum(axis=0)[None] for value in (counts, leaked, library)]
    found = leakage_spread(*sums)
    assert found.n_genes.min() > 100
    assert found.factor == pytest.approx(1.6, abs=0.2)
    assert found.dispersion == pytest.approx(0.2, abs=0.1)
    none = leakage_spread(*sums, genes=np.zeros(3000, dtype=bool))
    assert (none.n_genes == 0).all()
    assert (none.factor == 1).all()


def test_leakage_that_is_underestimated_calls_nothing_more():
    counts, cells, library, leaked, groups, level = study(n_genes=3000, factor=1.6)
    status = presence(counts, cells, library, leaked, groups).status
    assert (status[:, level == 0] == Status.PRESENT).mean() < 0.01


def test_order_changes_nothing():
    counts, cells, library, leaked, groups, _ = study(1)
    rng = np.random.default_rng(2)
    s, t, g, k = (rng.permutation(n) for n in (*counts.shape, len(groups)))
    found = presence(counts, cells, library, leaked, groups)
    moved = presence(
        counts[s][:, t][:, :, g], cells[s][:, t], library[s][:, t], leaked[s][:, t][:, :, g], groups[k][:, s]
    )
    assert (moved.status == found.status[k][:, t][:, :, g]).all()
    assert moved.pvalue == pytest.approx(found.pvalue[k][:, t][:, :, g], rel=1e-6)


def test_groups_do_not_depend_on_each_other():
    counts, cells, library, leaked, groups, _ = study(3)
    both, alone = (presence(counts, cells, library, leaked, which) for which in (groups, groups[1:]))
    assert both.qvalue[1] == pytest.approx(alone.qvalue[0])


def test_samples_of_few_cells_are_left_out():
    counts, cells, library, leaked, groups, _ = study(4)
    before = presence(counts, cells, library, leaked, groups)
    counts, cells, library, leaked, groups = (
        np.concatenate([counts, counts[:1] * 50]), np.concatenate([cells, np.full((1, cells.shape[1]), 9)]),
        np.concatenate([library, library[:1]]), np.concatenate([leaked, leaked[:1]]),
        np.concatenate([groups, np.ones((2, 1), dtype=bool)], axis=1),
    )  # fmt: skip
    after = presence(counts, cells, library, leaked, groups)
    assert (after.n_samples == 3).all()
    assert after.pvalue == pytest.approx(before.pvalue)
    assert (presence(counts, cells, library, leaked, groups, min_cells=9).n_samples == 4).all()


def test_with_unknown_leakage_only_what_is_hardly_seen_is_absent():
    counts, cells, library, leaked, groups, _ = study(5)
    leaked = leaked.copy()
    leaked[groups[0]] = np.nan
    found = presence(counts, cells, library, leaked, groups)
    total = np.einsum("stg,s->tg", counts, groups[0].astype(float))
    hardly = total <= FLOOR * (library * groups[0][:, None]).sum(axis=0)[:, None] / 1e4
    assert 0 < hardly.mean() < 0.5
    assert (found.status[0] == np.where(hardly, Status.ABSENT, Status.UNKNOWN)).all()
    assert np.isnan(found.pvalue[0]).all()
    assert np.isnan(found.expected[0]).all()
    assert set(found.status[1].ravel()) == {Status.ABSENT, Status.PRESENT}


def test_a_sample_of_unknown_leakage_is_left_out_of_its_group():
    counts, cells, library, leaked, groups, _ = study(6)
    leaked = leaked.copy()
    leaked[0] = np.nan
    found = presence(counts, cells, library, leaked, groups)
    without = presence(counts[1:], cells[1:], library[1:], leaked[1:], groups[:, 1:])
    assert (found.status == without.status).all()
    assert (found.n_samples[0] == 2).all()


def test_one_sample_is_not_judged_and_one_deviating_sample_is_no_presence():
    counts, cells, library, leaked, groups, _ = study(7)
    one = presence(counts, cells, library, leaked, np.eye(6, dtype=bool)[:1])
    assert (one.status == Status.NOT_JUDGED).all()
    assert np.isnan(one.pvalue).all()
    counts = np.where(np.arange(6)[:, None, None] == 1, 200.0, 0.0) * np.ones_like(counts)
    found = presence(counts, cells, library, np.zeros_like(leaked), groups)
    assert (found.status[0] == Status.ABSENT).all()
    assert (found.pvalue[0] == 1).all()


def test_most_of_the_telling_samples_must_agree():
    counts = np.array([9.0, 9.0, 0.0, 0.0, 0.0])[:, None, None]
    mean, library = np.full((5, 1, 1), 0.5), np.full((5, 1), 1e4)
    use = np.ones((5, 1), dtype=bool)
    own = np.array([[counts.sum() - 2.5]])
    assert not supported(counts, mean, library, use, own)[0, 0]
    # Samples too small to show the gene do not count against it.
    library[2:] = 10.0
    assert supported(counts, mean, library, use, own)[0, 0]
    assert not supported(counts, mean, library, use, own, min_samples=3)[0, 0]


def test_own_expression_below_the_floor_is_absent_however_significant():
    counts, cells, library = np.full((4, 1, 1), 80.0), np.full((4, 1), 500), np.full((4, 1), 1e7)
    data = counts, cells, library, np.zeros((4, 1, 1)), np.ones((1, 4), dtype=bool)
    found = presence(*data)
    assert found.status[0, 0, 0] == Status.ABSENT
    assert presence(*data, floor=0.06).status[0, 0, 0] == Status.PRESENT


def units(*expressions):
    """Compile units written as alternatives of subunits."""
    subunits, alternatives, starts = [], [], []
    for unit in expressions:
        starts.append(len(alternatives))
        for alternative in unit:
            alternatives.append(len(subunits))
            subunits.extend(alternative)
    return [np.array(value, dtype=np.intp) for value in (subunits, alternatives, starts)]


def test_alternatives_are_summed_and_complexes_take_the_largest_p():
    parts = unit_parts(*units([[0], [2]], [[0, 1]], [[0, 1], [2], [3]], [[3]]), 4)
    assert sum_parts(np.array([1.0, 2.0, 4.0, 8.0]), parts).tolist() == [5, 1, 2, 12, 1, 2, 8]
    p = np.array([0.3, 0.1, 0.02, 0.04, 0.01, 0.03, 0.5])
    assert combine_pvalues(p, parts) == pytest.approx([0.3, 0.1, 0.06, 0.5])
    assert smallest_subunit(p, np.zeros(7), parts).tolist() == [0, 1, 5, 6]
    tied = smallest_subunit(np.full(7, 0.5), np.array([0, 3, 1, 0, 5, 2, 0.0]), parts)
    assert tied.tolist()[1] == 2


def test_units_test_sums_and_subunits():
    counts, cells, library, leaked, groups, _ = study(8, n_genes=60)
    genes = presence(counts, cells, library, leaked, groups)
    parts = unit_parts(*units([[0], [1]], [[0, 1]], [[5]]), 60)
    found = presence(counts, cells, library, leaked, groups, parts)
    assert found.pvalue[:, :, 1] == pytest.approx(genes.pvalue[:, :, :2].max(axis=2))
    assert found.pvalue[:, :, 2] == pytest.approx(genes.pvalue[:, :, 5])
    assert found.observed[:, :, 0] == pytest.approx(genes.observed[:, :, :2].sum(axis=2))
    assert found.leaked[:, :, 0] == pytest.approx(genes.leaked[:, :, :2].sum(axis=2))
    expected = stats.false_discovery_control(found.pvalue[0].ravel()).reshape(found.pvalue[0].shape)
    assert found.qvalue[0] == pytest.approx(expected)


def test_no_measured_unit_gives_no_column():
    counts, cells, library, leaked, groups, _ = study(10, n_genes=60)
    found = presence(counts, cells, library, leaked, groups, unit_parts(*units(), 60))
    assert found.status.shape == found.pvalue.shape == found.observed.shape == (2, 5, 0)


def test_shapes_and_options_that_do_not_fit_are_refused():
    counts, cells, library, leaked, groups, _ = study(9)
    with pytest.raises(UsageError):
        presence(counts, cells[1:], library, leaked, groups)
    with pytest.raises(UsageError):
        presence(counts, cells, library, leaked[:, :, 1:], groups)
    with pytest.raises(UsageError):
        presence(counts, cells, library, leaked, groups, background=0.2)
