"""What to distrust: every reason that the run itself gives for reading a number with care."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd

from dolor.core.vocabulary import UNASSIGNED
from dolor.report import wording
from dolor.report.data import DatasetRun, Run
from dolor.report.pairs import Crosstalk
from dolor.report.wording import rows_of

__all__ = ["Caution", "cautions_of"]

_FEW_REPLICATES = 3
_MUCH_DROPPED = 0.3
_MUCH_UNASSIGNED = 0.2


@dataclass(frozen=True)
class Caution:
    """A reason for care: how grave (``serious`` or ``note``), in which datasets, and one sentence."""

    level: str
    datasets: tuple[str, ...]
    text: str


def cautions_of(run: Run, crosstalk: Crosstalk) -> list[Caution]:
    """Collect the reasons for care of all datasets; what several share is said once.

    The serious ones stand first, and among equals one of each kind before the second of any.
    """
    found: dict[tuple[str, str], list[str]] = {}
    nth: dict[tuple[str, str], int] = {}
    for make in (_sex, _replicates, _dropped, _labels, partial(_flags, crosstalk=crosstalk)):
        number = {"serious": 0, "note": 0}
        for dataset in run.datasets:
            for reason in make(dataset):
                if reason not in found:
                    nth[reason], number[reason[0]] = number[reason[0]], number[reason[0]] + 1
                found.setdefault(reason, []).append(dataset.dataset_id)
    ordered = sorted(found, key=lambda reason: (reason[0] != "serious", nth[reason]))
    return [Caution(level, tuple(found[level, text]), text) for level, text in ordered]


def _sex(dataset: DatasetRun) -> Iterator[tuple[str, str]]:
    calls = dataset.sex[dataset.sex["barcode"] == ""]
    known = calls["reported"].isin(["female", "male"]) & calls["called"].isin(["female", "male"])
    wrong = calls[known & (calls["reported"] != calls["called"])]
    pooled = calls.loc[calls["called"] == "mixed", "sample_id"].astype(str)
    if len(pooled):
        yield "serious", f"{wording.listing(pooled)}: the library holds cells of both sexes{_split(dataset)}."
    unknown = dataset.samples.loc[dataset.samples["sex"] == "unknown", "sample_id"]
    unexplained = sorted(set(unknown) - set(wrong["sample_id"].astype(str)))
    if unexplained:
        yield "note", f"The sex of {wording.listing(unexplained)} is not known."


def _split(dataset: DatasetRun) -> str:
    """Say what became of the pooled libraries."""
    parts = dataset.quality.get("pooled", [])
    if not parts:
        return ", so it says nothing about sex"
    untold = sum(part["n_cells"] for part in parts if part["sex"] == "unknown")
    return (
        f"; it was split by the sex of its cells, and {untold:,} that could not be told were left out. These are more "
        "often small cells, such as lymphocytes, so shares of populations in its parts are biased"
    )


def _replicates(dataset: DatasetRun) -> Iterator[tuple[str, str]]:
    donors = dataset.samples.groupby(["condition", "sex"], sort=True)["donor_id"].nunique().reset_index(name="donors")
    few = [
        f"{row['condition']} {row['sex']} ({row['donors']})"
        for row in rows_of(donors[donors["sex"].isin(["female", "male"])])
        if row["donors"] < _FEW_REPLICATES
    ]
    if few:
        yield (
            "serious",
            (
                f"Few animals or donors in {wording.listing(few)}: with fewer than {_FEW_REPLICATES} a group, "
                "only very large differences can be told from chance."
            ),
        )
    if dataset.samples["condition"].nunique() < 2:
        yield "serious", "Only one condition: nothing can be said about change with condition."


def _dropped(dataset: DatasetRun) -> Iterator[tuple[str, str]]:
    before, after = (int(dataset.quality.get(key, 0)) for key in ("cells_before", "cells_after"))
    if before > after:
        reasons = [
            f"{number:,} {reason.replace('_', ' ')}"
            for reason, number in dataset.quality.get("dropped", {}).items()
            if number
        ]
        yield (
            "note",
            f"{before - after:,} of {before:,} cells were dropped before analysis ({wording.listing(reasons)}).",
        )
    lost = {
        sample: 1 - counts["cells_after"] / max(counts["cells_before"], 1)
        for sample, counts in dataset.quality.get("samples", {}).items()
    }
    much = [f"{sample} ({share:.0%})" for sample, share in lost.items() if share > _MUCH_DROPPED]
    if much:
        yield "serious", f"Quality control took a large part of the cells of {wording.listing(much)}."


def _labels(dataset: DatasetRun) -> Iterator[tuple[str, str]]:
    share = float((dataset.obs["cell_type"] == UNASSIGNED).mean()) if len(dataset.obs) else 0.0
    if share:
        level = "serious" if share > _MUCH_UNASSIGNED else "note"
        yield (
            level,
            f"{share:.1%} of the cells could not be labelled; they are left out of the signalling analysis.",
        )


def _flags(dataset: DatasetRun, crosstalk: Crosstalk) -> Iterator[tuple[str, str]]:
    pairs = crosstalk.pairs[crosstalk.pairs["dataset_id"] == dataset.dataset_id]
    ambient = _with_flag(pairs, "ambient_suspect")
    if ambient:
        text = (
            f"In {ambient:,} of {len(pairs):,} signals the ligand of the sender may be ambient: RNA that leaked from "
            "other cells into every droplet. They are marked."
        )
        yield "note", text
    lost = _with_flag(pairs, "lost_identity")
    if lost:
        yield (
            "note",
            f"{lost:,} signals rest on receptors that injured neurons switch off together with their identity.",
        )


def _with_flag(pairs: pd.DataFrame, flag: str) -> int:
    return int(pairs["flags"].astype(str).str.split(";").map(lambda flags: flag in flags).sum())
