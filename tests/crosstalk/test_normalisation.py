from __future__ import annotations

import numpy as np

from dolor.contrasts.expression_array import effective_totals

RNG = np.random.default_rng(0)


def counts(samples: int = 12, genes: int = 800) -> np.ndarray:
    level = RNG.lognormal(3.5, 1, genes) * RNG.lognormal(0, 0.15, (samples, genes))
    return RNG.poisson(level).astype(float)


def test_genes_that_rise_do_not_make_the_others_fall():
    raised = counts()
    raised[6:, :80] = RNG.poisson(raised[6:, :80] * 6)
    totals = raised.sum(axis=1)
    steady = np.log2(raised[:, 80:] + 0.5)
    plain, freed = (
        np.median((steady - np.log2(t)[:, None])[6:].mean(axis=0) - (steady - np.log2(t)[:, None])[:6].mean(axis=0))
        for t in (totals, effective_totals(raised, totals))
    )
    assert plain < -0.3
    assert abs(freed) < 0.05


def test_depth_alone_changes_nothing():
    deep = counts()
    deep[0] = RNG.binomial(deep[0].astype(int), 0.3)
    totals = deep.sum(axis=1)
    np.testing.assert_allclose(effective_totals(deep, totals) / totals, 1, atol=0.03)


def test_cells_counted_twice_give_the_same_scale():
    once = counts()
    twice = effective_totals(2 * once, 2 * once.sum(axis=1)) / effective_totals(once, once.sum(axis=1))
    np.testing.assert_allclose(twice, 2, rtol=1e-9)


def test_the_scale_is_the_trimmed_mean_over_the_steadier_half_of_the_genes():
    """As the description says it, gene by gene and replicate by replicate."""
    drawn = counts(samples=5, genes=301) + 1
    drawn[2, :40] *= 7
    totals = drawn.sum(axis=1) + 100
    ratio = np.array([[np.log2(drawn[s, g] / totals[s] / (drawn[:, g].sum() / totals.sum())) for g in range(301)]
                      for s in range(5)])  # fmt: skip
    assert np.isfinite(ratio).all()

    def trimmed(values):
        cut = int(0.15 * len(values))
        return np.mean(sorted(values)[cut : len(values) - cut])

    centre = np.array([trimmed(row) for row in ratio])
    scatter = ((ratio - centre[:, None]) ** 2).mean(axis=0)
    steady = np.argsort(scatter)[:151]
    shift = np.array([trimmed(row[steady]) for row in ratio])
    np.testing.assert_allclose(effective_totals(drawn, totals), totals * 2 ** (shift - shift.mean()), rtol=1e-9)


def test_two_replicates_and_two_hundred_genes_are_enough_and_one_is_not():
    pair = np.full((2, 200), 50.0)
    pair[1, :20] *= 8
    np.testing.assert_allclose(effective_totals(pair, pair.sum(axis=1)), 13038.4, rtol=1e-3)
    np.testing.assert_array_equal(effective_totals(pair[:1], pair[:1].sum(axis=1)), [10_000.0])


def test_few_genes_and_absent_cell_types_are_left_as_they_are():
    few = counts(genes=199)
    np.testing.assert_array_equal(effective_totals(few, few.sum(axis=1)), few.sum(axis=1))
    absent = counts()
    absent[3] = 0
    scaled = effective_totals(absent, absent.sum(axis=1))
    others = np.arange(12) != 3
    assert scaled[3] == 0
    np.testing.assert_allclose(scaled[others], effective_totals(absent[others], absent[others].sum(axis=1)))
    assert (scaled[others] != absent[others].sum(axis=1)).all()
