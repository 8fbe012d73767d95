"""What each population of each sample expresses of each ligand and receptor shown: the points behind every row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dolor.crosstalk.contrasts.supply import supply_of
from dolor.report import encode
from dolor.report.run import DatasetRun

__all__ = ["supply_points"]


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
