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
from dolor.core.errors import UsageError
from dolor.pp.sex import call_sample, estimate_leakage, female_probability

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


def test_leakage_is_learnt_where_both_sexes_are_pooled() -> None:
    rng = np.random.default_rng(1)
    is_female = np.arange(600) < 300
    female = rng.poisson(np.where(is_female, 4.0, 0.5)).astype(float)
    male = rng.poisson(np.where(is_female, 0.3, 3.0)).astype(float)
    found = estimate_leakage(female, male)
    assert found.in_female == pytest.approx(0.3 / 4.3, abs=0.02)
    assert found.in_male == pytest.approx(0.5 / 3.5, abs=0.03)
    assert found.female_cells == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("organism", "suspension"), [("mouse", "nucleus"), ("human", "cell")])
def test_confidence_holds_and_faults_are_reported(organism: str, suspension: str) -> None:
    made = dl.simulate.study(
        seed=2, n_animals=2, cells_per_sample=150, n_genes=1200, organism=organism, suspension_type=suspension
    )
    calls = dl.pp.call_sex(made.cells)
    cells = calls[calls["barcode"] != ""].set_index("barcode").loc[made.cells.obs_names]
    truth = made.cells.obs["truth_sex"].astype(str)
    called = (cells["called"] != "unknown") & (truth != "mixed")
    right = (cells["called"] == truth)[called]
    assert right.mean() >= 0.98
    assert right.mean() >= cells["confidence"][called].mean() - 0.01
    report = dl.pp.sex_report(calls).set_index("sample_id")
    swapped = made.truth.loc[made.truth["kind"] == "swapped_sex", "sample_id"]
    assert set(report.index[report["verdict"] == "contradicted"]) == set(swapped)
    assert report.index[report["verdict"] == "pooled"].tolist() == ["drg_injured_pool"]
    assert set(report["verdict"]) == {"confirmed", "contradicted", "pooled"}


def test_a_threshold_that_would_guess_is_refused(make_cells: Maker) -> None:
    with pytest.raises(UsageError, match=r"threshold is 0\.5"):
        dl.pp.call_sex(make_cells(), threshold=0.5)


def test_one_side_alone_tells_nothing(make_cells: Maker) -> None:
    cells = _cells(
        make_cells, dict.fromkeys(("s0", "s1", "s2", "s3"), 0.2), dict.fromkeys(("s0", "s1", "s2", "s3"), 1.0)
    )
    without_y = cells[:, ["Xist", "Actb"]].copy()
    assert set(dl.pp.call_sex(without_y)["called"]) == {"unknown"}
