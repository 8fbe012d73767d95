import numpy as np
import pytest

from dolor.pseudobulk.leakage import estimate_leakage, expected_leakage, mixture_profiles


def study(leaked=150.0, n_samples=5, n_populations=6, n_genes=600, small=0, seed=0):
    """Every gene is expressed by one population; each droplet takes up the same number of ambient transcripts."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(10, 80, (n_samples, n_populations))
    cells[:, :small] = rng.integers(3, 9, (n_samples, small))
    owner = rng.integers(0, n_populations, n_genes)
    level = np.where(np.arange(n_populations)[:, None] == owner, np.exp(rng.normal(2.5, 1.0, n_genes)), 0.0)
    own = cells[:, :, None] * 0.4 * level
    profile = own.sum(axis=1) / own.sum(axis=(1, 2))[:, None]
    counts = rng.poisson(own + expected_leakage(profile, np.full(n_samples, leaked), cells)).astype(float)
    return counts, cells, counts.sum(axis=2)


@pytest.mark.parametrize("leaked", [20.0, 60.0, 150.0])
def test_leaked_transcripts_are_found_again(leaked):
    counts, cells, library = study(leaked)
    found = estimate_leakage(counts, cells, library, mixture_profiles(counts, library))
    assert found.per_cell == pytest.approx(leaked, rel=0.1)
    assert found.n_genes.min() >= 10
    assert found.used.sum() >= found.n_genes.max()


def test_expected_leakage_is_what_silent_populations_show():
    counts, cells, library = study(100.0)
    profiles = mixture_profiles(counts, library)
    expected = expected_leakage(profiles, estimate_leakage(counts, cells, library, profiles).per_cell, cells)
    silent = counts.sum(axis=0) < 0.05 * counts.sum(axis=0).max(axis=0)
    assert expected.sum(axis=0)[silent].sum() == pytest.approx(counts.sum(axis=0)[silent].sum(), rel=0.05)


def test_order_and_a_gene_subset_of_telling_genes_change_little():
    counts, cells, library = study()
    profiles = mixture_profiles(counts, library)
    whole = estimate_leakage(counts, cells, library, profiles)
    rng = np.random.default_rng(1)
    t, g = rng.permutation(counts.shape[1]), rng.permutation(counts.shape[2])
    moved = estimate_leakage(counts[:, t][:, :, g], cells[:, t], library[:, t], profiles[:, g])
    assert moved.per_cell == pytest.approx(whole.per_cell)
    assert (moved.used == whole.used[g]).all()
    fewer = estimate_leakage(counts[:, :, :100], cells, library, profiles[:, :100])
    assert fewer.per_cell == pytest.approx(whole.per_cell, rel=0.2)


@pytest.mark.parametrize(("populations", "genes"), [(2, 600), (6, 9)])
def test_too_few_populations_or_genes_are_unknown(populations, genes):
    counts, cells, library = (value[:, :populations] for value in study())
    found = estimate_leakage(counts[:, :, :genes], cells, library, mixture_profiles(counts, library)[:, :genes])
    assert np.isnan(found.per_cell).all()
    assert not found.used.any()


def test_small_populations_do_not_pull_the_estimate_down():
    counts, cells, library = study(30.0, n_populations=9, small=6, seed=3)
    found = estimate_leakage(counts, cells, library, mixture_profiles(counts, library))
    assert found.per_cell == pytest.approx(30.0, rel=0.15)


def test_expected_leakage_is_missing_where_it_is_not_known():
    found = expected_leakage(np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([np.nan, 10.0]), np.array([[1, 2], [3, 4]]))
    assert np.isnan(found[0]).all()
    assert found[1] == pytest.approx(np.array([[6.0, 24.0], [8.0, 32.0]]))
