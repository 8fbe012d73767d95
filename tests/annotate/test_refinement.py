"""Strays come home, doublets stay, and a few cells without a cluster are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.annotate.refinement import rare_candidates, settle

RNG = np.random.default_rng(1)
GENES = 60


def _cells(on: slice, number: int, rate: float = 0.5) -> np.ndarray:
    detected = (RNG.uniform(size=(number, GENES)) < 0.02).astype(float)
    detected[:, on] = (RNG.uniform(size=(number, len(range(*on.indices(GENES))))) < rate).astype(float)
    return detected


def test_a_stray_moves_and_a_doublet_stays() -> None:
    first, second = _cells(slice(0, 20), 300), _cells(slice(20, 40), 300)
    stray = _cells(slice(20, 40), 5)
    doublets = np.maximum(_cells(slice(0, 20), 5), _cells(slice(20, 40), 5))
    detected = sparse.csr_matrix(np.vstack([first, stray, doublets, second]))
    own = np.repeat([0, 0, 0, 1], [300, 5, 5, 300])
    after, certainty = settle(detected, own, 2, np.array(["a", "b"], dtype=object))
    np.testing.assert_array_equal(after[300:305], 1)
    assert (after == own)[:300].all()
    assert (after[305:310] == 0).mean() > 0.5
    assert np.median(certainty[:300]) > 0.99
    assert ((certainty >= 0) & (certainty <= 1)).all()


def test_cells_without_a_name_get_none() -> None:
    detected = sparse.csr_matrix(np.vstack([_cells(slice(0, 20), 50), _cells(slice(20, 40), 50)]))
    own = np.repeat([0, -1], 50)
    after, certainty = settle(detected, own, 1, np.array(["a"], dtype=object))
    np.testing.assert_array_equal(after, own)
    np.testing.assert_array_equal(certainty, 1.0)


def test_twenty_cells_among_twenty_thousand() -> None:
    detected = sparse.csr_matrix(np.vstack([_cells(slice(0, 50), 20_000, 0.2), _cells(slice(50, 60), 20, 0.6)]))
    marks = pd.DataFrame(False, index=["mast_cell", "neuron"], columns=range(GENES))
    marks.loc["mast_cell", 50:59] = True
    marks.loc["neuron", 0:49] = True
    found = rare_candidates(detected, marks, ["neuron"])
    assert (found[20_000:] == "mast_cell").sum() >= 15
    assert (found[:20_000] == "mast_cell").sum() <= 5
    assert (rare_candidates(detected, marks, ["neuron", "mast_cell"]) == "").all()
