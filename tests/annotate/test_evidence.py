"""Markers speak for their population, and a random set of genes for none."""

from __future__ import annotations

import numpy as np

from dolor.annotate.evidence import (
    population_evidence,
    relative_expression,
    specificity_weights,
    standardised,
)

RNG = np.random.default_rng(0)
CLUSTERS, GENES = 6, 400


def _means() -> np.ndarray:
    """Six clusters; genes 0-9 mark cluster 0, genes 10-19 mark cluster 1, the rest mark nobody."""
    means = RNG.gamma(2.0, 0.3, GENES) * RNG.uniform(0.3, 1.0, (CLUSTERS, GENES))
    means[:, :20] *= 0.1
    means[0, :10] = 2.0
    means[1, 10:20] = 0.4
    return means


def _evidence(means: np.ndarray, signs: np.ndarray) -> np.ndarray:
    weights = specificity_weights(signs, means.max(axis=0) > 0)
    return population_evidence(standardised(relative_expression(means), means), weights)


def test_markers_win_in_their_cluster_alone_however_weak() -> None:
    signs = np.zeros((2, GENES), dtype=np.int8)
    signs[0, :10] = 1
    signs[1, 10:20] = 1
    evidence = _evidence(_means(), signs)
    np.testing.assert_array_equal(evidence.argmax(axis=0), [0, 1])
    assert evidence[0, 0] > 3
    assert evidence[1, 1] > 3
    assert evidence[2:].max() < 1


def test_random_genes_are_centred_with_unit_spread() -> None:
    signs = np.zeros((300, GENES), dtype=np.int8)
    for row in signs:
        row[RNG.choice(np.arange(20, GENES), 8, replace=False)] = 1
    evidence = _evidence(_means(), signs)
    assert abs(evidence.mean()) < 0.25
    assert 0.6 < evidence.std() < 1.4


def test_a_present_negative_marker_speaks_against_and_an_absent_one_says_nothing() -> None:
    means = _means()
    signs = np.zeros((3, GENES), dtype=np.int8)
    signs[:, :10] = 1
    signs[1, 10:20] = -1
    means[2, :20] = 2.0  # a doublet of both
    evidence = _evidence(means, signs)
    assert evidence[2, 1] < evidence[2, 0] - 1
    assert abs(evidence[0, 1] - evidence[0, 0]) < 0.5


def test_a_population_without_measured_markers_is_not_told() -> None:
    means = _means()
    signs = np.zeros((2, GENES), dtype=np.int8)
    signs[0, :10] = 1
    signs[1, 10:20] = 1
    means[:, 10:20] = 0
    assert np.isnan(_evidence(means, signs)[:, 1]).all()
