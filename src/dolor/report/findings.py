"""What was found, in sentences made from the numbers. What was tested and what was only seen never share a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dolor.report import wording
from dolor.report.pairs import Crosstalk
from dolor.report.rows import rows_of
from dolor.report.run import DatasetRun, Run

__all__ = ["FDR", "Findings", "findings_of"]

FDR = 0.05
_DRIVER = {
    "infiltration": "mainly because the sender became more or less numerous",
    "per_cell": "mainly because each sender cell makes more or less of it",
    "both": "through both the number of sender cells and the transcript per cell",
}


@dataclass
class Findings:
    """Sentences of one dataset: those that rest on a test, and those that only describe."""

    dataset_id: str
    tested: list[str] = field(default_factory=list)
    described: list[str] = field(default_factory=list)


def findings_of(run: Run, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]) -> list[Findings]:
    """Say for each dataset what its numbers show.

    Parameters
    ----------
    run, crosstalk
        The run and its contrasts.
    knowledge
        By interaction, what the catalog says (:func:`dolor.report.statements.knowledge_of`).

    Returns
    -------
    One entry a dataset.
    """
    found = []
    for dataset in run.datasets:
        entry = Findings(dataset.dataset_id)
        entry.tested += _composition(dataset)
        rows = _rows_of(dataset, crosstalk)
        for key, group in _by_comparison(dataset, crosstalk, rows):
            entry.tested += _tested(key, group, knowledge)
            entry.described += _described(key, group, knowledge)
        found.append(entry)
    return found


def _rows_of(dataset: DatasetRun, crosstalk: Crosstalk) -> pd.DataFrame:
    rows = crosstalk.contrasts[crosstalk.contrasts["dataset_id"].astype(str) == dataset.dataset_id]
    named = crosstalk.pairs[["sender", "receiver", "interaction_id"]]
    return rows.join(named, on="pair")


def _by_comparison(
    dataset: DatasetRun, crosstalk: Crosstalk, rows: pd.DataFrame
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Give the main comparisons first condition, then sex, then the difference of changes."""
    wanted = ("condition", "sex_in_condition", "sex", "interaction")
    comparisons = crosstalk.comparisons[crosstalk.comparisons["dataset_id"] == dataset.dataset_id]
    for kind in wanted:
        for row in rows_of(comparisons[comparisons["contrast_type"] == kind].rename_axis("number").reset_index()):
            yield row, rows[rows["comparison"] == row["number"]]


def _composition(dataset: DatasetRun) -> list[str]:
    table = dataset.composition
    main = table[(table["contrast_type"] == "condition") & (table["status"] == "tested") & (table["qvalue"] < FDR)]
    main = main.sort_values("pvalue")
    parts = [
        f"{wording.population(str(row['cell_type']))} {wording.fold(float(row['effect']))} "
        f"({wording.probability('q', float(row['qvalue']))})"
        for _, row in main.iterrows()
    ]
    if not parts:
        tested = int(((table["contrast_type"] == "condition") & (table["status"] == "tested")).sum())
        return ["No population changed its share of the cells with condition."] if tested else []
    first = rows_of(main)[0]
    return [
        f"Cell numbers, {wording.comparison(first)}: {wording.listing(parts, 4)} as a share of all cells "
        f"({first['n_case']:.0f} against {first['n_reference']:.0f} samples)."
    ]


def _tested(key: Mapping[str, str], rows: pd.DataFrame, knowledge: Mapping[str, dict[str, Any]]) -> list[str]:
    tested = rows[rows["status"].astype(str) == "tested"]
    if not len(tested):
        return []
    hits = tested[tested["qvalue"] < FDR].sort_values(["pvalue", "pair"])
    what = wording.comparison(key)
    if not len(hits):
        return [f"{_capital(what)}: none of {len(tested):,} signals tested differs (false discovery rate 5 %)."]
    best = hits.iloc[0]
    driver = _DRIVER.get(str(best["driver"]), "") if key["contrast_type"].startswith("condition") else ""
    return [
        f"{_capital(what)}: {len(hits):,} of {len(tested):,} signals tested differ "
        f"({int((hits['effect'] > 0).sum()):,} up, {int((hits['effect'] < 0).sum()):,} down). The clearest is "
        f"{_signal(best, knowledge)}, {_size(key, float(best['effect']))} "
        f"({wording.probability('q', float(best['qvalue']))}){', ' + driver if driver else ''}."
    ]


def _described(key: Mapping[str, str], rows: pd.DataFrame, knowledge: Mapping[str, dict[str, Any]]) -> list[str]:
    described = rows[rows["status"].astype(str) == "described"]
    if not len(described):
        return []
    best = described.iloc[int(described["effect"].abs().to_numpy().argmax())]
    return [
        f"{_capital(wording.comparison(key))}: {wording.count(len(described), 'signal')} could be measured but not "
        f"tested ({best['reason']}); the largest difference is {_signal(best, knowledge)}, "
        f"{_size(key, float(best['effect']))}."
    ]


def _signal(row: pd.Series, knowledge: Mapping[str, dict[str, Any]]) -> str:
    mediator = knowledge[str(row["interaction_id"])]["mediator"]
    receptor = str(row["interaction_id"]).partition(":")[2]
    sender, receiver = (wording.population(str(row[side])) for side in ("sender", "receiver"))
    return (
        f"{mediator} from {sender} to {receiver} (receptor {receptor})"
        if receptor
        else f"{mediator}, {sender} to {receiver}"
    )


def _size(key: Mapping[str, str], effect: float) -> str:
    if key["contrast_type"] == "interaction":
        said = wording.fold(effect).replace("times higher", "times larger").replace("times lower", "times smaller")
        return f"a change {said}"
    return f"score {wording.fold(effect)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
