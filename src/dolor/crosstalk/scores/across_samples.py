"""Scores of samples brought together: one row an interaction, with a p-value over independent samples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dolor.contracts.tables import INTERACTIONS, check
from dolor.crosstalk.specificity.combine import combine_samples

__all__ = ["across_samples"]

_KEYS = ["dataset_id", "sender", "receiver", "interaction_id", "ligand", "receptor"]


def across_samples(scores: pd.DataFrame) -> pd.DataFrame:
    """Summarise scores over the samples of each dataset.

    Parameters
    ----------
    scores
        Table of :func:`dolor.crosstalk.score.score`; its samples should be independent (different donors).

    Returns
    -------
    One row a (dataset, sender, receiver, interaction), sorted: ``n_samples`` that have both cell types; mean ``score``;
    ``pvalue`` combined by :func:`dolor.crosstalk.specificity.combine.combine_samples`; cells (``n_sender``,
    ``n_receiver``) summed and detection (``detect_ligand``, ``detect_receptor``) averaged over the cells of all
    samples, which is what to gate on: a gate on single samples loses cytokines and their receptors.

    Raises
    ------
    dolor.errors.DataError
        The table is not one of scores.
    """
    scores = check(scores, INTERACTIONS, "the scores")
    weighed = scores.assign(
        detect_ligand=scores["detect_ligand"] * scores["n_sender"],
        detect_receptor=scores["detect_receptor"] * scores["n_receiver"],
    )
    groups = weighed.groupby(_KEYS, sort=True, observed=True)
    sums = groups[["n_sender", "n_receiver", "detect_ligand", "detect_receptor"]].sum()
    result = pd.DataFrame({"n_samples": groups.size(), "score": groups["score"].mean()})
    wide = np.full((int(result["n_samples"].max()) if len(result) else 0, len(result)), np.nan)
    wide[groups.cumcount().to_numpy(), groups.ngroup().to_numpy()] = scores["pvalue"]
    result["pvalue"] = combine_samples(wide) if len(result) else np.empty(0)
    result[["n_sender", "n_receiver"]] = sums[["n_sender", "n_receiver"]]
    result["detect_ligand"] = sums["detect_ligand"] / sums["n_sender"]
    result["detect_receptor"] = sums["detect_receptor"] / sums["n_receiver"]
    return result.reset_index()
