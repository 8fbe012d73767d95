"""The ranked table and the evidence in words say what the tables of the run hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dolor.core.errors import UsageError
from dolor.report import explain, top


@pytest.fixture(scope="module")
def results(make_run: Callable[..., Path]) -> Path:
    return make_run()


def test_top_is_ordered_by_q_and_holds_tested_signals_of_the_kind_asked_for(results: Path) -> None:
    stored = pd.read_parquet(results / "toy_drg" / "contrasts.parquet")
    found = top(results, 10_000)
    tested = stored[(stored["contrast_type"] == "condition") & (stored["status"] == "tested")]
    assert len(found) == len(tested)
    assert found["qvalue"].is_monotonic_increasing
    assert set(found["comparison"]) == {"injured vs naive"}
    assert len(top(results, 10_000, contrast_type="all")) == (stored["status"] == "tested").sum()
    pd.testing.assert_frame_equal(top(results, 5), found.head(5))


def test_every_word_must_be_in_the_signal(results: Path) -> None:
    everything = top(results, 10_000)
    receptor = pd.read_parquet(results / "toy_drg" / "contrasts.parquet")["receptor"].astype(str).iloc[0]
    both = top(results, 10_000, words=[f"Satellite glia {receptor.lower()}"])
    assert 0 < len(both) < len(everything)
    assert ((both["sender"] == "satellite_glia") | (both["receiver"] == "satellite_glia")).all()
    assert len(top(results, words=["macrophage", "no such thing"])) == 0


def test_evidence_names_ends_samples_and_the_review(results: Path) -> None:
    best = top(results, 1).iloc[0]
    lines = explain(results, [best["interaction_id"], best["sender"], best["receiver"]])
    text = "\n".join(lines)
    assert lines[0].startswith(best["mediator"])
    assert "  Ligand " in text
    assert "  Receptor " in text
    (injured, *_) = [line for line in lines if line.strip().startswith("injured, log2")]
    assert len(injured.split(": ")[1].split(", ")) == 6
    assert "  Review (" in text


@pytest.mark.parametrize("kind", ["condition", "conditions"])
def test_what_cannot_be_found_is_an_error_of_use(results: Path, kind: str) -> None:
    with pytest.raises(UsageError):
        explain(results, ["no such thing"], contrast_type=kind)
