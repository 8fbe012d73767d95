from __future__ import annotations

import numpy as np

from dolor.crosstalk.contrasts.normalisation import effective_totals

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


def test_few_genes_and_absent_cell_types_are_left_as_they_are():
    few = counts(genes=199)
    np.testing.assert_array_equal(effective_totals(few, few.sum(axis=1)), few.sum(axis=1))
    absent = counts()
    absent[3] = 0
    scaled = effective_totals(absent, absent.sum(axis=1))
    assert scaled[3] == 0
    assert np.isfinite(scaled).all()
