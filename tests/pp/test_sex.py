"""Sex is called from transcripts, confirms or contradicts the metadata, and is never guessed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import dolor as dl
from dolor.pp.sex import call_sample, female_probability

Maker = Callable[..., AnnData]
GENES = ["Xist", "Ddx3y", "Kdm5d", "Actb"]


def _cells(make_cells: Maker, xist: dict[str, float], y: dict[str, float]) -> AnnData:
    """Make cells whose samples have these means of Xist and of each Y gene."""
    cells = make_cells(400, GENES)
    samples = cells.obs["sample_id"]
    rng = np.random.default_rng(0)
    means = np.column_stack([samples.map(xist), samples.map(y), samples.map(y), np.full(400, 5.0)])
    cells.layers["counts"] = sparse.csr_matrix(rng.poisson(means).astype(np.int32))
    return cells


def test_calls_confirm_contradict_and_split(make_cells: Maker) -> None:
    cells = _cells(make_cells, {"s0": 3, "s1": 0.05, "s2": 0.05, "s3": 1.0}, {"s0": 0.05, "s1": 2, "s2": 2, "s3": 0.6})
    calls = dl.pp.call_sex(cells)
    samples = calls[calls["barcode"] == ""].set_index("sample_id")
    assert samples["called"].to_dict() == {"s0": "female", "s1": "male", "s2": "male", "s3": "mixed"}
    dl.pp.settle_sex(cells, calls)
    settled = cells.obs.groupby("sample_id", observed=True)["sex"].first()
    # s0 is female as reported; s1 was reported female and is contradicted; s2 is male as reported.
    assert settled.to_dict() == {"s0": "female", "s1": "unknown", "s2": "male", "s3": "mixed"}
    assert cells.obs["sex_reported"].ne("unknown").all()


def test_without_sex_genes_nothing_is_called(make_cells: Maker) -> None:
    cells = make_cells()
    calls = dl.pp.call_sex(cells)
    assert set(calls["called"]) == {"unknown"}
    before = cells.obs["sex"].astype(str).tolist()
    assert dl.pp.settle_sex(cells, calls).obs["sex"].astype(str).tolist() == before


@given(st.integers(0, 500), st.integers(0, 500))
def test_probability_is_symmetric_and_grows_with_the_difference(female: int, male: int) -> None:
    one = female_probability(np.array([female, female + 1.0]), np.array([male, male]))
    other = female_probability(np.array([float(male)]), np.array([float(female)]))
    assert one[0] + other[0] == pytest.approx(1.0)
    assert one[1] >= one[0]


def test_few_informative_cells_call_nothing() -> None:
    assert call_sample(np.array(["female"] * 9 + ["unknown"] * 500)) == ("unknown", 0.0)
    assert call_sample(np.array(["female"] * 90 + ["male"] * 10)) == ("female", 0.9)
