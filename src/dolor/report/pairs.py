"""The rows that the crosstalk table shows: pairs of populations with a mediator, their strength and their contrasts.

A *pair* here is a (dataset, sender, receiver, interaction). Pairs that no comparison could estimate, and those whose
ligand and receptor are not both present, are left out of the page and counted by reason; they stay in
``contrasts.parquet``. The ``effect`` of a row is the change of the end that has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dolor.contrasts.contrast_table import changed_effect
from dolor.report import wording
from dolor.report.data import PAIR, DatasetRun, Run
from dolor.report.wording import rows_of

__all__ = ["COMPARISON", "PAIR", "Crosstalk", "crosstalk_of", "named_contrasts"]

COMPARISON = ["dataset_id", "contrast_type", "case", "reference", "stratum"]


@dataclass(frozen=True)
class Crosstalk:
    """What the page shows of the contrasts of all datasets.

    Attributes
    ----------
    pairs
        One row a pair: :data:`PAIR`, ``ligand``, ``receptor``, ``score`` (mean over samples), ``specific`` (share of
        samples with p < 0.05), ``flags``.
    comparisons
        One row a (dataset, comparison), in the order of the run.
    contrasts
        One row a (pair, comparison): ``pair`` and ``comparison`` are row numbers of the two tables above.
    left_out
        Pairs that are not shown, counted by dataset and reason.
    """

    pairs: pd.DataFrame
    comparisons: pd.DataFrame
    contrasts: pd.DataFrame
    left_out: pd.DataFrame


def crosstalk_of(run: Run) -> Crosstalk:
    """Collect the contrasts and strengths of all datasets of a run."""
    parts = [_of_dataset(dataset) for dataset in run.datasets]
    pair_offset = comparison_offset = 0
    contrasts = []
    for part in parts:
        contrasts.append(
            part.contrasts.assign(
                pair=part.contrasts["pair"] + pair_offset, comparison=part.contrasts["comparison"] + comparison_offset
            )
        )
        pair_offset += len(part.pairs)
        comparison_offset += len(part.comparisons)
    return Crosstalk(
        pairs=_stack([part.pairs for part in parts]),
        comparisons=_stack([part.comparisons for part in parts]),
        contrasts=_stack(contrasts),
        left_out=_stack([part.left_out for part in parts]),
    )


def named_contrasts(crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Join the contrasts with their pairs and say each signal in words.

    Parameters
    ----------
    crosstalk
        From :func:`crosstalk_of`.
    knowledge
        By interaction, what the catalog says (:func:`dolor.report.sections.claims.knowledge_of`).
    """
    pairs = crosstalk.pairs[["sender", "receiver", "interaction_id"]].copy()
    pairs["mediator"] = [knowledge[name]["mediator"] for name in pairs["interaction_id"]]
    pairs["pain_effect"] = [knowledge[name]["effect"] for name in pairs["interaction_id"]]
    pairs["name"] = [
        f"{row['mediator']}: {wording.population(row['sender'])} → {wording.population(row['receiver'])}"
        for row in rows_of(pairs)
    ]
    return crosstalk.contrasts.join(pairs, on="pair")


def _of_dataset(dataset: DatasetRun) -> Crosstalk:
    contrasts = dataset.contrasts.assign(effect=changed_effect(dataset.contrasts))
    comparisons = contrasts[COMPARISON].drop_duplicates().astype(str).reset_index(drop=True)
    pairs = contrasts[[*PAIR, "ligand", "receptor"]].drop_duplicates(PAIR).reset_index(drop=True)
    numbered = contrasts.assign(
        pair=_row_numbers(contrasts, pairs, PAIR), comparison=_row_numbers(contrasts, comparisons, COMPARISON)
    )
    pair = numbered["pair"].to_numpy(dtype=int)
    answered = numbered["status"].astype(str).isin(("tested", "described")).to_numpy(dtype=bool)
    shown = np.zeros(len(pairs), dtype=bool)
    shown[pair[answered]] = True
    hidden = numbered[~shown[pair]].drop_duplicates("pair")["reason"].astype(str)
    left_out = hidden.value_counts().rename_axis("reason").reset_index(name="pairs")
    left_out.insert(0, "dataset_id", dataset.dataset_id)
    numbered = numbered.assign(pair=np.cumsum(shown)[pair] - 1)[shown[pair]]
    kept = pairs[shown].reset_index(drop=True)
    for name in [*PAIR, "ligand", "receptor"]:
        kept[name] = kept[name].astype(str)
    return Crosstalk(
        pairs=kept.merge(dataset.strength, on=PAIR, how="left").fillna({"flags": ""}),
        comparisons=comparisons,
        contrasts=numbered.drop(columns=[*PAIR[1:], *COMPARISON[1:], "ligand", "receptor"]).reset_index(drop=True),
        left_out=left_out,
    )


def _row_numbers(frame: pd.DataFrame, keys: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return for each row of a frame the row of ``keys`` that it agrees with."""
    numbered = keys[columns].astype(str).assign(row=range(len(keys)))
    return frame[columns].astype(str).merge(numbered, on=columns, how="left")["row"].set_axis(frame.index)


def _stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return frames[0]
    return filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
