"""Markers that are on speak for their population, absent ones against it, and leaked ones say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from dolor.annotate.markers import control_rates, expression_bins, log_likelihood_ratio, marker_weights, switched_on

RNG = np.random.default_rng(0)
CLUSTERS, GENES = 6, 400


def _levels() -> np.ndarray:
    """Six clusters; genes 0-9 mark cluster 0, genes 10-19 (weak) cluster 1, a third of the rest is on at random."""
    levels = RNG.gamma(2.0, 2.0, GENES) * np.where(RNG.uniform(size=(CLUSTERS, GENES)) < 0.33, 1.0, 0.02)
    levels[:, :20] = 0.01
    levels[0, :10] = 20.0
    levels[1, 10:20] = 0.4
    return levels


def _evidence(levels: np.ndarray, signs: np.ndarray, leaked: np.ndarray | None = None) -> np.ndarray:
    """Return clusters × populations, every gene but a population's own as its control."""
    on = switched_on(levels, 5000, leaked)
    weights = marker_weights(signs, ~np.eye(len(signs), dtype=bool))
    bins = expression_bins(levels.max(axis=0))
    return np.column_stack(
        [
            log_likelihood_ratio(on, control_rates(on, bins, row <= 0), weight, on[:, row < 0])
            for row, weight in zip(signs, weights, strict=True)
        ]
    )


@pytest.fixture
def signs() -> np.ndarray:
    found = np.zeros((2, GENES), dtype=np.int8)
    found[0, :10] = 1
    found[1, 10:20] = 1
    return found


def test_markers_win_in_their_cluster_alone_however_weak(signs: np.ndarray) -> None:
    evidence = _evidence(_levels(), signs)
    np.testing.assert_array_equal(evidence.argmax(axis=0), [0, 1])
    assert evidence[0, 0] > 5
    assert evidence[1, 1] > 5
    assert evidence[2:].max() < -3


def test_markers_that_are_nowhere_on_speak_against(signs: np.ndarray) -> None:
    levels = _levels()
    levels[:, 10:20] = 0.0
    levels[2, 10:12] = 5.0  # two of ten: the least foreign cluster
    assert _evidence(levels, signs)[:, 1].max() < -2


def test_random_genes_found_no_population() -> None:
    signs = np.zeros((300, GENES), dtype=np.int8)
    for row in signs:
        row[RNG.choice(np.arange(20, GENES), 8, replace=False)] = 1
    levels = _levels()
    alone = np.vstack([_evidence(levels, row[None, :]).ravel() for row in signs])
    assert np.mean(alone > 1.0) < 0.06


def test_a_present_negative_marker_speaks_against_and_an_absent_one_says_nothing(signs: np.ndarray) -> None:
    levels = _levels()
    both = np.vstack([signs[0], signs[0]])
    both[1, 10:20] = -1
    levels[2, :20] = 20.0  # a doublet of both
    evidence = _evidence(levels, both)
    assert evidence[2, 1] < evidence[2, 0] - 3
    assert abs(evidence[0, 1] - evidence[0, 0]) < 0.1


def test_what_leakage_explains_is_not_on(signs: np.ndarray) -> None:
    levels = _levels()
    leaked = np.zeros_like(levels)
    leaked[1, 10:20] = 0.3
    assert _evidence(levels, signs, leaked)[1, 1] < 0 < _evidence(levels, signs)[1, 1]


def test_on_a_panel_of_few_transcripts_a_single_one_proves_nothing() -> None:
    levels = np.array([[2.0], [0.001]])
    assert switched_on(levels, 5000)[0, 0] > 0.9
    assert switched_on(levels, 50)[0, 0] < 0.1


def test_a_level_in_a_few_cells_is_no_bar_for_many() -> None:
    levels = np.array([[10.0], [1.0]])
    assert switched_on(levels, 5000, sizes=np.array([5, 500]))[1, 0] > 0.8
    assert switched_on(levels, 5000, sizes=np.array([500, 500]))[1, 0] < 0.3


def test_a_marker_weighs_less_the_more_rivals_claim_it() -> None:
    signs = np.array([[1, 1], [1, 0], [1, 0], [1, -1]], dtype=np.int8)
    nobody_below = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(marker_weights(signs, nobody_below)[0], [0.5, 1.0])
    with_an_ancestor = nobody_below.copy()
    with_an_ancestor[0, 1:3] = False
    np.testing.assert_allclose(marker_weights(signs, with_an_ancestor)[:2, 0], [np.sqrt(0.5), 0.5])
