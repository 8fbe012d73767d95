"""A few cells without a cluster of their own are found by their rare markers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.annotate.refinement import rare_candidates

RNG = np.random.default_rng(1)
GENES = 60


def _cells(on: slice, number: int, rate: float = 0.5) -> np.ndarray:
    detected = (RNG.uniform(size=(number, GENES)) < 0.02).astype(float)
    detected[:, on] = (RNG.uniform(size=(number, len(range(*on.indices(GENES))))) < rate).astype(float)
    return detected


def test_twenty_cells_among_twenty_thousand() -> None:
    detected = sparse.csr_matrix(np.vstack([_cells(slice(0, 50), 20_000, 0.2), _cells(slice(50, 60), 20, 0.6)]))
    marks = pd.DataFrame(False, index=["mast_cell", "neuron"], columns=range(GENES))
    marks.loc["mast_cell", 50:59] = True
    marks.loc["neuron", 0:49] = True
    found = rare_candidates(detected, marks, ["neuron"])
    assert (found[20_000:] == "mast_cell").sum() >= 15
    assert (found[:20_000] == "mast_cell").sum() <= 5
    assert (rare_candidates(detected, marks, ["neuron", "mast_cell"]) == "").all()
