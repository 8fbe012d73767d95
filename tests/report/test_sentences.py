"""The sentences of the report: they may say no more than the numbers do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dolor import populations, tl
from dolor.report import build, summary
from dolor.report.data import Run, read_run
from dolor.report.findings import findings_of
from dolor.report.pairs import crosstalk_of
from dolor.report.sections.claims import (
    board_of,
    catalog_of,
    knowledge_of,
    overview_of,
    reason_group,
    reasons_of,
    stated_cells,
    tally,
)
from dolor.report.sections.contrasts import heat_table
from dolor.report.warnings import cautions_of


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


def test_a_changed_ligand_is_counted_once_whatever_its_receivers(results: Path) -> None:
    def plant(table: pd.DataFrame) -> pd.DataFrame:
        table = table.assign(
            status="tested", reason="", effect=0.0, pvalue=0.9, qvalue=1.0, flags="", changed_side="none"
        )
        of_sender = (table["contrast_type"] == "condition") & (table["sender"] == "macrophage")
        ligand = table.loc[of_sender & (table["receiver"] == "nociceptor"), "ligand"].iloc[0]
        planted = of_sender & (table["ligand"] == ligand)
        assert planted.sum() > 1
        columns = ["effect", "effect_ligand", "pvalue", "qvalue", "driver", "infiltration", "per_cell", "changed_side"]
        table.loc[planted, columns] = [0.5, 1.0, 1e-7, 1e-5, "infiltration", 1.5, 0.1, "ligand"]
        return table

    clear_flags(results)
    tested, described = sentences(change_contrasts(results, plant))
    (sentence,) = [one for one in tested if one.startswith("Injured vs naive:")]
    assert "1 of " in sentence
    assert "(1 up, 0 down); 1 is a ligand with receptors on neurons" in sentence
    assert "in macrophage: 2 times higher (q < 0.0001; " in sentence
    assert "; receptors on " in sentence
    assert "driven by more sender cells" in sentence
    assert described == []


def test_a_changed_receptor_is_reported_with_its_receiver(results: Path) -> None:
    def plant(table: pd.DataFrame) -> pd.DataFrame:
        table = table.assign(
            status="tested", reason="", effect=0.0, pvalue=0.9, qvalue=1.0, flags="", changed_side="none"
        )
        planted = table.index[(table["contrast_type"] == "condition") & (table["receiver"] == "nociceptor")][0]
        columns = ["effect_receptor", "pvalue", "qvalue", "changed_side"]
        table.loc[planted, columns] = [-2.0, 1e-7, 1e-5, "receptor"]
        return table

    clear_flags(results)
    tested, _ = sentences(change_contrasts(results, plant))
    (sentence,) = [one for one in tested if one.startswith("Injured vs naive:")]
    assert "(0 up, 1 down)" in sentence
    assert "in nociceptor: 4 times lower (q < 0.0001; " in sentence
    assert "; ligand from " in sentence


@pytest.mark.parametrize(("state", "said"), [("", "sensory neuron, subtype not resolved (8 ×)"),
                                             ("injured_sensory_neuron", "injured sensory neuron (8 ×)")])  # fmt: skip
def test_a_broad_name_beside_finer_ones_is_said_by_the_state_of_its_cells(results: Path, state: str, said: str) -> None:
    path = results / "toy_drg" / "composition.parquet"
    table = pd.read_parquet(path)
    names = ["sensory_neuron", "nociceptor", "macrophage"]
    of_condition = table[table["contrast_type"] == "condition"].iloc[:3]
    assert len(of_condition) == 3
    of_condition.assign(cell_type=names, effect=[3.0, -2.0, 1.0], qvalue=0.001, pvalue=[1e-6, 1e-5, 1e-4]).to_parquet(
        path
    )
    run = read_run(results)
    obs = run.datasets[0].obs
    obs.loc[obs["cell_type"] == "neutrophil", "cell_type"] = "sensory_neuron"
    obs["cell_state"] = np.where(obs["cell_type"] == "sensory_neuron", state, "")
    (sentence,) = [one for one in sentences(run)[0] if "cells:" in one]
    assert f"more {said} and macrophage (2 ×); fewer nociceptor (4 ×)" in sentence


def test_what_changes_leads_the_card_and_what_does_not_stands_last(results: Path) -> None:
    path = results / "toy_drg" / "composition.parquet"
    pd.read_parquet(path).assign(qvalue=1.0).to_parquet(path)
    run = read_run(results)
    crosstalk = crosstalk_of(run)
    knowledge = knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), catalog_of())
    (found,) = findings_of(run, crosstalk, knowledge)
    labels = [label for label, _ in found.headlines]
    assert labels[0] == "Response of receivers"
    assert labels[-1] == "Cells"
    response = found.headlines[0][1]
    assert response is not None
    # Programmes that change alike in several receivers are one line.
    assert len({line.text.split(" in ")[0] for line in response.lines}) == len(response.lines)


def test_pairs_whose_genes_were_not_measured_are_counted_and_the_genes_named(results: Path) -> None:
    first = pd.read_parquet(results / "toy_drg" / "contrasts.parquet")["interaction_id"].astype(str).iloc[0]

    def lose(table: pd.DataFrame) -> pd.DataFrame:
        lost = table["interaction_id"].astype(str) == first
        table["ligand"] = table["ligand"].astype(str)
        table.loc[lost, ["status", "reason_code", "ligand"]] = ["untestable", "not_measured", "Lostgene1"]
        return table

    run = change_contrasts(results, lose)
    crosstalk = crosstalk_of(run)
    (found,) = findings_of(run, crosstalk, knowledge_of(set(crosstalk.pairs["interaction_id"]), catalog_of()))
    assert found.unmeasured.startswith("1 of ")
    assert "Lostgene1" in found.unmeasured


def test_terminal_and_page_say_the_same_counts(results: Path) -> None:
    run = read_run(results)
    build(results, results / "report.html")
    crosstalk = crosstalk_of(run)
    (found,) = findings_of(run, crosstalk, knowledge_of(sorted(set(crosstalk.pairs["interaction_id"])), catalog_of()))
    signals = next(one for label, one in found.headlines if label == "Signals")
    assert signals is not None
    lines = summary(results)
    page = (results / "report.html").read_text(encoding="utf-8")
    assert signals.lead in lines[1]
    assert signals.lead in page
    counts = tally(board_of(run.claims, catalog_of()))
    assert [int(part.split()[-1]) for part in lines[2].split(": ")[1].split(",")] == list(counts.values())


def test_nothing_found_is_said_plainly(results: Path) -> None:
    run = change_contrasts(results, lambda table: table.assign(status="tested", reason="", qvalue=1.0, pvalue=0.9))
    tested, _ = sentences(run)
    (sentence,) = [one for one in tested if one.startswith("Injured vs naive:")]
    assert sentence.startswith("Injured vs naive: none of ")
    assert not [one for one in tested if "q <" in one]


def test_described_never_enters_the_tested_list(results: Path) -> None:
    def describe(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(
            status="described", reason="one sample in a group", effect=3.0, pvalue=np.nan, qvalue=np.nan, se=np.nan
        )

    tested, described = sentences(change_contrasts(results, describe))
    assert all("naive, cells:" in one or "naive, response programmes:" in one for one in tested)
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


def test_each_kind_of_caution_is_said_before_the_second_of_any(make_run: Callable[..., Path]) -> None:
    run = read_run(make_run(datasets=("toy_drg", "toy_cord")))
    run.datasets[1].samples["sex"] = run.datasets[1].samples["sex"].replace("unknown", "female")
    serious = [one.text for one in cautions_of(run, crosstalk_of(run)) if one.level == "serious"]
    starts = [text.split()[0] for text in serious]
    assert starts.index("Quality") < len(set(starts))


def test_pairs_without_any_answer_are_counted_not_dropped(results: Path) -> None:
    run = read_run(results)
    crosstalk = crosstalk_of(run)
    total = len(run.datasets[0].contrasts.drop_duplicates(["sender", "receiver", "interaction_id"]))
    assert len(crosstalk.pairs) + int(crosstalk.left_out["pairs"].sum()) == total
    assert crosstalk.left_out["reason"].tolist() == ["ligand not detected"]
    contrasts = crosstalk.contrasts
    assert contrasts["pair"].between(0, len(crosstalk.pairs) - 1).all()
    assert crosstalk.pairs["flags"].ne("").any()


def test_heat_counts_rising_and_falling_signals() -> None:
    rows = pd.DataFrame({"sender": list("aaab"), "receiver": list("bbcb"), "effect": [1.0, -2.0, -1.0, 1.0],
                         "qvalue": [0.01, 0.02, 0.01, 0.9]})  # fmt: skip
    heat = heat_table(rows)
    assert heat is not None
    assert heat["receivers"] == ["b", "c"]
    (row,) = heat["rows"]
    assert [cell["text"] for cell in row["cells"]] == ["+1 −1", "−1"]
    assert [cell["shade"] for cell in row["cells"]] == ["even", "down4"]
    assert heat_table(rows.assign(qvalue=np.nan)) is None


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
    assert tally(board) == {"supports": 0, "opposes": 1, "silent": 0, "not_observable": 0, "untestable": 1}


def test_untestable_statements_are_grouped_by_reason_and_laid_out_by_pain_type_and_place() -> None:
    statements = catalog_of()
    nerve = statements["id"][statements["compartment"] == "nerve"].tolist()[:3]
    reasons = ["compartment differs: the statement is on nerve, the data on drg",
               "the statement names no ligand-receptor pair (kind pathway)", ""]  # fmt: skip
    claims = pd.DataFrame({"claim_id": nerve, "verdict": ["untestable", "untestable", "supports"], "reason": reasons})
    board = board_of(claims.assign(dataset_id="a", evidence="", effect=0.0, qvalue=1.0), statements)
    assert [row["statements"] for row in reasons_of(board)] == [1, 1]
    assert {row["reason"].split(",")[0] for row in reasons_of(board)} == {
        "is about another tissue", "names no ligand-receptor pair"}  # fmt: skip
    overview = overview_of(board)
    assert overview["places"] == ["nerve"]
    assert sum(cell["untestable"] for row in overview["rows"] for cell in row["cells"]) >= 2
    assert any(cell["supports"] for row in overview["rows"] for cell in row["cells"])


def test_datasets_that_answer_alike_speak_once() -> None:
    statements = catalog_of()
    claim = statements["id"].iloc[0]
    claims = pd.DataFrame({"claim_id": claim, "dataset_id": ["a", "b"], "verdict": "untestable", "evidence": "",
                           "reason": "sender absent: nociceptor", "effect": np.nan, "qvalue": np.nan})  # fmt: skip
    (entry,) = board_of(claims, statements)
    assert [answer["datasets"] for answer in entry["answers"]] == [["a", "b"]]


def test_every_reason_of_real_claims_has_its_group(results: Path) -> None:
    run = read_run(results)
    contrasts = run.datasets[0].contrasts
    setting = tl.Setting("drg", {"naive": "naive", "injured": "nerve_injury"})
    found = tl.claims(contrasts, catalog_of(), populations.tree(), {"toy_drg": setting})
    untestable = found.loc[found["verdict"] == "untestable", "reason"]
    ungrouped = [reason for reason in untestable if reason_group(reason) == "could not be tested here"]
    assert len(untestable) > 100
    assert not [reason for reason in ungrouped if "ligand not detected" not in reason]


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
    assert stated_cells(pairs, knowledge, populations.tree()) == ["as stated", "left open", "other cells"]
