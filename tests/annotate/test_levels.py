"""Levels of clusters: a panel of few transcripts, a gene of one cell, a cell of very many transcripts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from dolor.annotate.markers import cluster_levels
from dolor.core.normalize import log_values

RNG = np.random.default_rng(3)


def _levels(counts: np.ndarray, clusters: list[str]) -> tuple[list[str], np.ndarray]:
    rows = sparse.csr_matrix(counts)
    return cluster_levels(log_values(rows), pd.Series(clusters), float(np.median(counts.sum(axis=1))))


@pytest.mark.parametrize("library", [20, 2_000, 50_000])
def test_a_level_is_the_share_of_the_transcripts_whatever_the_depth(library: int) -> None:
    share = np.array([0.05, 0.15, 0.8])
    counts = RNG.multinomial(library, share, size=2_000)
    names, levels = _levels(counts, ["1"] * 2_000)
    assert names == ["1"]
    np.testing.assert_allclose(levels[0, :2], share[:2] * 1e4, rtol=0.25)


def test_one_cell_with_very_many_transcripts_does_not_speak_for_all() -> None:
    counts = np.tile([0, 1_000], (100, 1))
    counts[0] = [100_000, 1_000]
    counts[1:40, 0] = 1
    _, levels = _levels(counts, ["1"] * 100)
    assert levels[0, 0] < 0.1 * 1e4 * counts[:, 0].sum() / counts.sum()


def test_what_one_cell_shows_is_doubted_and_what_many_show_is_not() -> None:
    counts = np.tile([0, 0, 1_000], (104, 1))
    counts[0, 0], counts[:100, 1] = 5, 5
    _, levels = _levels(counts, ["many"] * 100 + ["few"] * 4)
    assert levels[0, 0] == 0
    assert levels[1, 1] == pytest.approx(100 / 101 * 50, rel=0.01)
    counts = np.tile([0, 1_000], (5, 1))
    counts[0, 0] = 5
    one, _ = _levels(counts, ["a"] * 5)[1][0]
    plain = 10 * np.expm1(np.log1p(5 / 1_005 * 1_000) / 5)
    assert one == pytest.approx(plain / 2, rel=0.01)


def test_a_gene_that_no_cell_shows_is_absent() -> None:
    assert _levels(np.array([[0, 3], [0, 9]]), ["10", "2"])[1][:, 0].tolist() == [0, 0]
    assert _levels(np.array([[0, 3], [0, 9]]), ["10", "2"])[0] == ["2", "10"]
