"""The sentences of the report: they may say no more than the numbers do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dolor.report.cautions import cautions_of
from dolor.report.claims import board_of, tally
from dolor.report.findings import findings_of
from dolor.report.pairs import crosstalk_of
from dolor.report.run import Run, read_run
from dolor.report.statements import catalog_of, knowledge_of, stated_cells


@pytest.fixture
def results(make_run: Callable[..., Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(make_run(), tmp_path / "results"))


def change_contrasts(results: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Run:
    path = results / "toy_drg" / "contrasts.parquet"
    change(pd.read_parquet(path)).to_parquet(path)
    return read_run(results)


def clear_flags(results: Path) -> None:
    path = results / "toy_drg" / "interactions.parquet"
    pd.read_parquet(path).assign(flags="").to_parquet(path)


def sentences(run: Run) -> tuple[list[str], list[str]]:
    crosstalk = crosstalk_of(run)
    knowledge = knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), catalog_of())
    (found,) = findings_of(run, crosstalk, knowledge)
    return [str(one) for one in found.tested], [str(one) for one in found.described]


def test_tested_sentence_counts_what_differs(results: Path) -> None:
    def plant(table: pd.DataFrame) -> pd.DataFrame:
        table = table.assign(status="tested", reason="", effect=0.0, pvalue=0.9, qvalue=1.0, flags="")
        planted = (
            (table["contrast_type"] == "condition")
            & (table["sender"] == "macrophage")
            & (table["receiver"] == "nociceptor")
        )
        first = table.index[planted][0]
        columns = ["effect", "pvalue", "qvalue", "driver", "infiltration", "per_cell"]
        table.loc[first, columns] = [1.0, 1e-7, 1e-5, "infiltration", 1.5, 0.1]
        return table

    clear_flags(results)
    tested, described = sentences(change_contrasts(results, plant))
    (sentence,) = [one for one in tested if one.startswith("Injured vs naive:")]
    assert "1 of " in sentence
    assert "(1 up, 0 down), 1 of them from other cells onto neurons" in sentence
    assert (
        "from macrophage to nociceptor, score 2 times higher (q < 0.0001), because there are more of the sender."
        in sentence
    )
    assert described == []


def test_ambient_signal_does_not_lead_unless_all_are(results: Path) -> None:
    def plant(flags: tuple[str, str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
        def change(table: pd.DataFrame) -> pd.DataFrame:
            table = table.assign(status="tested", reason="", effect=1.0, pvalue=0.9, qvalue=1.0, flags="", driver="")
            onto = (
                (table["contrast_type"] == "condition")
                & (table["receiver"] == "nociceptor")
                & table["sender"].isin(["macrophage", "neutrophil"])
            )
            for sender, pvalue, flag in zip(("neutrophil", "macrophage"), (1e-9, 1e-6), flags, strict=True):
                first = table.index[onto & (table["sender"] == sender)][0]
                table.loc[first, ["pvalue", "qvalue", "flags"]] = [pvalue, pvalue * 10, flag]
            return table

        return change

    clear_flags(results)
    tested, _ = sentences(change_contrasts(results, plant(("ambient_suspect", ""))))
    assert any("from macrophage to nociceptor" in one and "ambient" not in one for one in tested)
    tested, _ = sentences(change_contrasts(results, plant(("ambient_suspect", "few_cells;ambient_suspect"))))
    assert any("from neutrophil to nociceptor" in one and "perhaps ambient RNA" in one for one in tested)


def test_nothing_found_is_said_plainly(results: Path) -> None:
    run = change_contrasts(results, lambda table: table.assign(status="tested", reason="", qvalue=1.0, pvalue=0.9))
    tested, _ = sentences(run)
    (sentence,) = [one for one in tested if one.startswith("No signal differs:")]
    assert "injured vs naive (" in sentence
    assert not [one for one in tested if "Clearest" in one]


def test_described_never_enters_the_tested_list(results: Path) -> None:
    def describe(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(
            status="described", reason="one sample in a group", effect=3.0, pvalue=np.nan, qvalue=np.nan, se=np.nan
        )

    tested, described = sentences(change_contrasts(results, describe))
    assert all(one.startswith(("Cells", "Response programmes")) for one in tested)
    assert any("one sample in a group" in one for one in described)
    assert not any("q " in one for one in described)


def test_cautions_name_the_samples(results: Path) -> None:
    run = read_run(results)
    texts = [caution.text for caution in cautions_of(run, crosstalk_of(run))]
    assert any("naf1" in text and "both sexes" in text for text in texts)
    assert any("240 of 720 cells were dropped" in text for text in texts)
    assert any("naive female (2)" in text for text in texts)
    levels = [caution.level for caution in cautions_of(run, crosstalk_of(run))]
    assert levels == sorted(levels, key=["serious", "note"].index)


def test_pairs_without_any_answer_are_counted_not_dropped(results: Path) -> None:
    run = read_run(results)
    crosstalk = crosstalk_of(run)
    total = len(run.datasets[0].contrasts.drop_duplicates(["sender", "receiver", "interaction_id"]))
    assert len(crosstalk.pairs) + int(crosstalk.left_out["pairs"].sum()) == total
    assert crosstalk.left_out["reason"].tolist() == ["ligand not detected"]
    contrasts = crosstalk.contrasts
    assert contrasts["pair"].between(0, len(crosstalk.pairs) - 1).all()
    assert crosstalk.pairs["flags"].ne("").any()


def test_numbers_stay_with_their_pair(results: Path) -> None:
    run = read_run(results)
    crosstalk = crosstalk_of(run)
    joined = crosstalk.contrasts.join(crosstalk.pairs[["sender", "receiver", "interaction_id"]], on="pair")
    joined = joined.join(crosstalk.comparisons.drop(columns="dataset_id"), on="comparison")
    key = ["contrast_type", "case", "reference", "stratum", "sender", "receiver", "interaction_id"]
    both = joined.merge(run.datasets[0].contrasts, on=key, suffixes=("", "_stored"))
    assert len(both) == len(joined)
    pd.testing.assert_series_equal(both["effect"], both["effect_stored"], check_names=False)


def test_board_gathers_datasets_and_counts_statements() -> None:
    statements = catalog_of()
    first, second = statements["id"].iloc[:2]
    claims = pd.DataFrame(
        {
            "claim_id": [first, first, second],
            "dataset_id": ["a", "b", "a"],
            "verdict": ["untestable", "opposes", "untestable"],
            "evidence": "",
            "reason": "no such condition",
            "effect": [np.nan, -1.0, np.nan],
            "qvalue": [np.nan, 0.01, np.nan],
        }
    )
    board = board_of(claims, statements)
    assert [entry["id"] for entry in board] == [first, second]
    assert board[0]["verdicts"] == ["opposes", "untestable"]
    assert tally(board) == {"supports": 0, "opposes": 1, "silent": 0, "untestable": 1}


def test_cells_of_the_review_are_recognised_with_their_subtypes() -> None:
    statements = [
        {"source_cell": "macrophage", "target_cell": "nociceptor"},
        {"source_cell": "not_stated", "target_cell": "cord_neuron"},
    ]
    knowledge = {"X:Y": {"statements": statements}}
    pairs = pd.DataFrame(
        {
            "sender": ["dermal_macrophage", "astrocyte", "neutrophil"],
            "receiver": ["peptidergic_nociceptor", "cord_excitatory_neuron", "nociceptor"],
            "interaction_id": "X:Y",
        }
    )
    assert stated_cells(pairs, knowledge) == ["as stated", "left open", "other cells"]
