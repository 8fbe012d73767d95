"""Whether receivers answer: the response programmes of each receiver in each comparison.

What each population of each sample expresses of each ligand and receptor shown: the points behind every row.

The data that scripts on the page read: what the tables, the filters and the downloads need.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from dolor.contrasts.expression_array import supply_of
from dolor.pl.theme import lineage_of, population_colours
from dolor.report import encode, wording
from dolor.report.data import DatasetRun, Run
from dolor.report.figures.embedding import even_subset
from dolor.report.pairs import COMPARISON, Crosstalk
from dolor.report.wording import rows_of

__all__ = ["FLAG_WORDS", "islands_of", "responses_of", "supply_points"]

_COLUMNS = ["comparison", "receiver", "programme", "effect", "pvalue", "qvalue", "status"]


def responses_of(run: Run, crosstalk: Crosstalk) -> pd.DataFrame:
    """Collect the responses of all datasets.

    Returns
    -------
    One row a (comparison, receiver, programme); ``comparison`` is a row number of ``crosstalk.comparisons``. Empty if
    the run measured none.
    """
    tables = [dataset.response for dataset in run.datasets if len(dataset.response)]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=float if name in _COLUMNS[3:6] else object) for name in _COLUMNS})
    every = pd.concat([table.astype(dict.fromkeys(COMPARISON, str)) for table in tables], ignore_index=True)
    numbered = crosstalk.comparisons.rename_axis("comparison").reset_index()
    return every.merge(numbered, on=COMPARISON, how="inner")[_COLUMNS].reset_index(drop=True)


def supply_points(dataset: DatasetRun, pairs: pd.DataFrame) -> dict[str, Any]:
    """Encode the expression of ligands in their senders and of receptors in their receivers.

    Parameters
    ----------
    dataset
        The dataset; counts are read from its profiles, each sample by itself.
    pairs
        The pairs of this dataset that the page shows.

    Returns
    -------
    ``samples``, ``populations``, ``units``; ``cells`` (samples × populations); ``keys`` (population and unit of each
    series) and ``log2`` (series × samples, log2 of counts per 10,000, missing where the population is absent).
    """
    senders = pairs[["sender", "ligand"]].set_axis(["population", "unit"], axis=1)
    receivers = pairs[["receiver", "receptor"]].set_axis(["population", "unit"], axis=1)
    series = pd.concat([senders, receivers]).drop_duplicates().sort_values(["population", "unit"])
    if not len(series):
        none = encode.numbers(np.empty(0, dtype=int))
        return {
            "samples": [],
            "populations": [],
            "units": [],
            "cells": none,
            "population": none,
            "unit": none,
            "log2": none,
        }
    supply = supply_of(
        dataset.profiles, series["unit"].unique().tolist(), dataset.profiles.obs["sample_id"].astype(str)
    )
    population = pd.Index(supply.cell_types).get_indexer(pd.Index(series["population"]))
    unit = np.array([supply.units[name] for name in series["unit"]], dtype=int)
    return {
        "samples": list(supply.replicates),
        "populations": list(supply.cell_types),
        "units": list(supply.units),
        "cells": encode.numbers(supply.cells.astype(int).ravel()),
        "population": encode.numbers(population),
        "unit": encode.numbers(unit),
        "log2": encode.numbers(supply.log2[:, population, unit].T.astype(np.float32).ravel()),
    }


_MOST_CELLS = 20_000
_NUMBERS = ["effect", "se", "df", "pvalue", "qvalue", "infiltration", "per_cell"]
# Columns that a run may have or not.
_FURTHER = ["changed_side", "effect_ligand", "effect_receptor", "present_ligand", "present_receptor"]
# What the page shows with two digits; all digits are in the files of the run.
_COARSE = (
    "pvalue", "qvalue", "se", "infiltration", "per_cell", "effect_ligand", "effect_receptor",
    "q_pvalue", "loo_pvalue_max", "tau2", "i2",
)  # fmt: skip
_PER_DATASET = ("dataset_effects", "dataset_ses", "loo_effect_min", "loo_effect_max", "reason")
FLAG_WORDS = {
    "ambient_suspect": "the sender's ligand may be RNA that leaked from other cells (ambient)",
    "low_detection": "ligand or receptor is detected in few of the cells",
    "lost_identity": "injured neurons switch this receptor off together with their identity",
    "few_cells": "few cells of the sender or the receiver",
    "proxy": "the mediator is no protein: the enzymes that make it stand in for it",
    "sex_unconfirmed": "some samples' sex is not confirmed by their transcripts",
    "paired_donors": "samples of one donor were compared as such; if donor names were reused for other animals, rename",
    "leakage_unknown": "leakage of ambient RNA could not be estimated, so presence is not certain",
    "discordant": "ligand and receptor change in opposite directions",
}


def islands_of(run: Run, crosstalk: Crosstalk, knowledge: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Collect what goes into the page as data.

    Returns
    -------
    By name of the island, content ready for :func:`dolor.report.encode.island`.
    """
    populations = sorted(
        {*crosstalk.pairs["sender"], *crosstalk.pairs["receiver"]}
        | {name for dataset in run.datasets for name in dataset.obs["cell_type"]}
    )
    further = [name for name in _FURTHER if name in crosstalk.contrasts]
    contrasts = crosstalk.contrasts[
        ["pair", "comparison", *_NUMBERS, *further, "n_case", "n_reference", "driver", "status", "reason", "flags"]
    ].sort_values(["comparison", "pair"], ignore_index=True)
    comparisons = [{**row, "name": wording.comparison(row)} for row in rows_of(crosstalk.comparisons)]
    return {
        "datasets": [_dataset(dataset) for dataset in run.datasets],
        "words": {
            "populations": {name: wording.population(name) for name in populations},
            "colours": population_colours(populations),
            "neurons": [name for name in populations if lineage_of(name) == "neuron"],
            "flags": FLAG_WORDS,
        },
        "knowledge": dict(knowledge),
        "comparisons": comparisons,
        "pairs": encode.table(crosstalk.pairs),
        "contrasts": encode.table(contrasts, _COARSE),
        "supply": [
            supply_points(dataset, crosstalk.pairs[crosstalk.pairs["dataset_id"] == dataset.dataset_id])
            for dataset in run.datasets
        ],
        "cells": [_cells(dataset) for dataset in run.datasets],
        "composition": encode.table(_stacked(run)),
        "responses": encode.table(responses_of(run, crosstalk)),
        "claims": encode.table(run.claims),
        "meta": encode.table(_combined(run.meta), _COARSE),
    }


def _dataset(dataset: DatasetRun) -> dict[str, Any]:
    columns = ["sample_id", "donor_id", "condition", "sex", "tissue", "organism", "assay", "suspension_type", "n_cells"]
    samples = rows_of(dataset.samples[columns])
    return {"id": dataset.dataset_id, "compartment": dataset.compartment, "samples": encode.records(samples)}


def _cells(dataset: DatasetRun) -> dict[str, Any]:
    chosen = even_subset(len(dataset.embedding), _MOST_CELLS)
    obs = dataset.obs.iloc[chosen]
    places = dataset.embedding[chosen]
    low, high = (places.min(axis=0), places.max(axis=0)) if len(places) else (np.zeros(2), np.ones(2))
    grid = np.rint((places - low) / np.maximum(high - low, 1e-9) * 4095).astype(np.uint16)
    return {
        "total": len(dataset.obs),
        "x": encode.numbers(grid[:, 0]),
        "y": encode.numbers(grid[:, 1]),
        "cell_type": encode.words(obs["cell_type"]),
        "sample_id": encode.words(obs["sample_id"]),
        "confidence": encode.numbers((obs["cell_type_confidence"].fillna(0).to_numpy() * 100).astype(int)),
    }


def _stacked(run: Run) -> pd.DataFrame:
    return pd.concat([dataset.composition.astype({"dataset_id": str}) for dataset in run.datasets], ignore_index=True)


def _combined(meta: pd.DataFrame) -> pd.DataFrame:
    """Return what several datasets say together, without the numbers of each, which the contrasts hold."""
    if not len(meta):
        return pd.DataFrame({"effect": pd.Series(dtype=float)})
    kept = [name for name in meta.columns if name not in _PER_DATASET]
    return meta.loc[meta["n_datasets"] > 1, kept].reset_index(drop=True)
