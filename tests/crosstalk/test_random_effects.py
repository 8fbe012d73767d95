"""The kernel of meta-analysis where studies are few, agree, or lack an estimate; beside statsmodels in test_meta.py."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from dolor.contrasts.meta import combine_studies, leave_one_out

RNG = np.random.default_rng(3)


def gappy(rows: int = 30, studies: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Estimates of which about a third is missing, in three ways, and each question has at least three."""
    effect, se = RNG.normal(0.4, 0.8, (rows, studies)), RNG.uniform(0.1, 0.6, (rows, studies))
    gap = RNG.random((rows, studies)) < 0.3
    gap[:, :3] = False
    effect[gap & (RNG.random(gap.shape) < 0.5)] = np.nan
    se[gap & np.isfinite(effect)] = np.nan
    return effect, se


def test_a_missing_estimate_is_as_if_the_study_were_not_there() -> None:
    effect, se = gappy()
    found = combine_studies(effect, se)
    for k in range(len(effect)):
        there = np.isfinite(effect[k] + se[k])
        alone = combine_studies(effect[k : k + 1, there], se[k : k + 1, there])
        assert found.number[k] == there.sum() == alone.number[0]
        for name in ("effect", "se", "pvalue", "tau2", "i2", "q_pvalue"):
            assert getattr(found, name)[k] == pytest.approx(getattr(alone, name)[0], rel=1e-9, abs=1e-12), name


def test_pvalues_are_of_student_and_of_cochran() -> None:
    effect, se = RNG.normal(0.3, 0.7, (20, 5)), RNG.uniform(0.1, 0.5, (20, 5))
    found = combine_studies(effect, se)
    np.testing.assert_allclose(found.pvalue, 2 * stats.t.sf(np.abs(found.effect / found.se), 4), rtol=1e-9)
    two = combine_studies(effect[:, :2], se[:, :2])
    np.testing.assert_allclose(two.pvalue, 2 * stats.t.sf(np.abs(two.effect / two.se), 1), rtol=1e-9)
    for k in range(20):
        expected = combine_effects(effect[k], se[k] ** 2, method_re="iterated").test_homogeneity()
        assert found.q_pvalue[k] == pytest.approx(expected.pvalue, rel=1e-9)


def test_studies_that_agree_are_no_surer_than_their_errors_allow() -> None:
    se = np.array([[0.2, 0.3, 0.5]])
    found = combine_studies(np.array([[1.0, 1.0, 1.0]]), se)
    assert found.effect[0] == pytest.approx(1.0)
    assert found.se[0] == pytest.approx((1 / se**2).sum() ** -0.5)
    assert (found.tau2[0], found.i2[0]) == (0.0, 0.0)
    assert found.q_pvalue[0] == pytest.approx(1.0)


def test_variance_between_studies_is_found_however_large() -> None:
    """With errors of next to nothing the variance between studies is that of their effects."""
    effect = np.array([[-100.0, 0.0, 100.0], [0.001, 0.002, 0.003]])
    found = combine_studies(effect, np.full((2, 3), 1e-6))
    np.testing.assert_allclose(found.tau2, [1e4, 1e-6], rtol=1e-4)
    np.testing.assert_allclose(found.se, np.sqrt(found.tau2 / 3), rtol=1e-4)
    np.testing.assert_allclose(found.i2, 1, atol=1e-4)


def test_one_study_is_itself_and_none_is_nothing() -> None:
    found = combine_studies(
        np.array([[2.0, np.nan], [np.nan, np.nan], [2.0, 1.0]]), np.array([[0.5, 0.1], [0.1, 0.2], [0.5, 0.0]])
    )
    assert found.number.tolist() == [1, 0, 1]
    np.testing.assert_allclose(found.effect, [2.0, np.nan, 2.0])
    np.testing.assert_allclose(found.se, [0.5, np.nan, 0.5])
    for name in ("pvalue", "tau2", "i2", "q_pvalue"):
        assert np.isnan(getattr(found, name)).all(), name


def test_leaving_one_out_is_combining_the_others() -> None:
    effect, se = gappy()
    lowest, highest, worst = leave_one_out(effect, se)
    for k in range(len(effect)):
        there = np.flatnonzero(np.isfinite(effect[k] + se[k]))
        others = [there[there != study] for study in there]
        found = [combine_studies(effect[k : k + 1, rest], se[k : k + 1, rest]) for rest in others]
        assert lowest[k] == pytest.approx(min(one.effect[0] for one in found))
        assert highest[k] == pytest.approx(max(one.effect[0] for one in found))
        assert worst[k] == pytest.approx(max(one.pvalue[0] for one in found))


def test_two_studies_leave_nothing_to_combine() -> None:
    effect = np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    se = np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.5, 0.5]])
    for values in leave_one_out(effect, se):
        assert np.isfinite(values).tolist() == [False, False, True]
