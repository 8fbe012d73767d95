"""Profiles of all samples together, to compare with tools that pool cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contracts.profiles import DETECTION_LAYER, check_profiles
from dolor.crosstalk.summing.pairs import PAIRS_KEY

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["pool"]

_SUMMED = ("n_cells", "psbulk_cells", "n_counts", "psbulk_counts", "lognorm_s1", "lognorm_s2")


def pool(profiles: AnnData, name: str = "pooled") -> AnnData:
    """Sum profiles over samples, as if all cells were one sample.

    Scores and p-values of pooled cells ignore that cells of one donor are alike; they are for comparison only.

    Parameters
    ----------
    profiles
        Profiles of one or more samples. Trimeans cannot be summed and are left out.
    name
        The ``sample_id`` of the result.

    Returns
    -------
    Profiles, one row a cell type; columns of ``obs`` that differ between samples are left out, or ``mixed`` where
    Profiles need them.
    """
    from anndata import AnnData

    check_profiles(profiles)
    labels = pd.Categorical(profiles.obs["cell_type"].astype(str))
    member = (np.asarray(labels.codes)[None, :] == np.arange(len(labels.categories))[:, None]).astype(np.float64)
    n_cells = profiles.obs["n_cells"].to_numpy(dtype=np.float64)
    obs = pd.DataFrame(index=[f"{name}|{label}" for label in labels.categories])
    for column in profiles.obs.columns.drop([*_SUMMED, "lognorm_max", "cell_type", "sample_id"]):
        values = profiles.obs[column].unique()
        if len(values) == 1:
            obs[column] = values[0]
    for column in ("donor_id", "condition", "sex", "dataset_id", "tissue", "organism", "suspension_type", "assay"):
        obs[column] = obs.get(column, "mixed")
    obs["sample_id"], obs["cell_type"] = name, list(labels.categories)
    for column in _SUMMED:
        obs[column] = member @ profiles.obs[column].to_numpy(dtype=np.float64)
    obs[["n_cells", "psbulk_cells"]] = obs[["n_cells", "psbulk_cells"]].astype(np.int64)
    obs["lognorm_max"] = (member * profiles.obs["lognorm_max"].to_numpy()[None, :]).max(axis=1)
    layers = {
        key: member @ np.asarray(profiles.layers[key])
        for key in ("psbulk", "lognorm_s1", "lognorm_s2", "lognorm_s3", "per_10k_s1")
    }
    detected = member @ (np.asarray(profiles.layers[DETECTION_LAYER]) * n_cells[:, None])
    layers[DETECTION_LAYER] = detected / obs["n_cells"].to_numpy(dtype=np.float64)[:, None]
    pooled = AnnData(X=layers["psbulk"].copy(), obs=obs, var=profiles.var.copy(), layers=layers)
    pooled.uns["dolor_profiles"] = dict(profiles.uns["dolor_profiles"])
    if PAIRS_KEY in profiles.uns:
        pairs = dict(profiles.uns[PAIRS_KEY])
        pairs |= {key: np.asarray(pairs[key]).sum(axis=0, keepdims=True) for key in ("s11", "s21", "s12")}
        pooled.uns[PAIRS_KEY] = pairs | {"sample_id": np.array([name], dtype=object)}
    return pooled
