"""What several data sets say together about one interaction: random-effects meta-analysis.

Data sets of both species meet in ``interaction_id``, which is written in human symbols for either.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import special

from dolor.crosstalk.multiple_testing import benjamini_hochberg
from dolor.crosstalk.random_effects import combine_studies, leave_one_out
from dolor.errors import DataError

__all__ = ["meta"]

QUESTION = ("contrast_type", "case", "reference", "stratum", "sender", "receiver", "interaction_id")
_NEEDED = (*QUESTION, "dataset_id", "effect", "se", "status")


def meta(contrasts: pd.DataFrame, models: Mapping[str, Mapping[str, str]] | None = None) -> pd.DataFrame:
    """Combine the contrasts of several data sets.

    Parameters
    ----------
    contrasts
        Tables of :func:`dolor.crosstalk.contrast.contrast`, concatenated.
    models
        For each ``dataset_id``, the common name of each of its conditions, such as ``{"GSE1": {"SNI_d7":
        "nerve_injury", "sham": "naive"}}``. Conditions with one name are one question. None: names are taken as they
        are. Where two conditions of one data set share a name, the data set speaks with their mean, and with the mean
        of their standard errors, since they are not independent.

    Returns
    -------
    One row a question (``contrast_type``, ``case``, ``reference``, ``stratum``, ``sender``, ``receiver``,
    ``interaction_id``): ``n_datasets``, ``datasets`` (``;``-joined), ``dataset_effects`` and ``dataset_ses`` in the
    same order; ``effect``, ``se``, ``ci_low``, ``ci_high``, ``pvalue``, ``qvalue``; ``tau2``, ``i2``, ``q_pvalue`` for
    heterogeneity; ``prediction_low`` and ``prediction_high``, where the effect of a further data set is expected (from
    three data sets on); ``loo_effect_min``, ``loo_effect_max``, ``loo_pvalue_max`` when each data set is left out;
    ``status`` and ``reason``. Only what was tested in a data set takes part.

    Raises
    ------
    dolor.errors.DataError
        A column is missing.

    Examples
    --------
    >>> one = {
    ...     "dataset_id": "a", "contrast_type": "condition", "case": "SNI", "reference": "sham", "stratum": "",
    ...     "sender": "macrophage", "receiver": "nociceptor", "interaction_id": "TNF:TNFRSF1A",
    ...     "effect": 1.0, "se": 0.2, "status": "tested",
    ... }
    >>> other = one | {"dataset_id": "b", "case": "CCI", "effect": 1.5}
    >>> names = {"a": {"SNI": "nerve_injury"}, "b": {"CCI": "nerve_injury"}}
    >>> meta(pd.DataFrame([one, other]), names)[["case", "datasets", "effect", "status"]].round(2).values.tolist()
    [['nerve_injury', 'a;b', 1.25, 'tested']]
    """
    missing = [name for name in _NEEDED if name not in contrasts.columns]
    if missing:
        raise DataError(f"the contrasts lack the column(s) {', '.join(missing)}")
    tested = contrasts.loc[contrasts["status"] == "tested", list(_NEEDED)]
    named = _common_names(tested.astype(dict.fromkeys((*QUESTION, "dataset_id"), str)), models or {})
    single = named.groupby([*QUESTION, "dataset_id"], as_index=False, sort=True)[["effect", "se"]].mean()
    datasets = sorted(single["dataset_id"].unique())
    questions = single[list(QUESTION)].drop_duplicates().reset_index(drop=True)
    row = single.groupby(list(QUESTION), sort=True).ngroup().to_numpy()
    column = pd.Index(datasets).get_indexer(pd.Index(single["dataset_id"]))
    effect, se = (np.full((len(questions), len(datasets)), np.nan) for _ in range(2))
    effect[row, column], se[row, column] = single["effect"], single["se"]
    return _table(questions, datasets, effect, se)


def _common_names(table: pd.DataFrame, models: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Replace conditions by their common names, also in the two halves of an interaction and in strata."""
    renamed = table.copy()
    for dataset, names in models.items():
        rows = renamed["dataset_id"] == dataset
        for column in ("case", "reference", "stratum"):
            words = renamed.loc[rows, column].str.split(":", n=1)
            renamed.loc[rows, column] = words.map(
                lambda parts, own=names: ":".join(own.get(part, part) for part in parts)
            )
    return renamed


def _table(
    questions: pd.DataFrame, datasets: list[str], effect: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    se: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> pd.DataFrame:  # fmt: skip
    found = combine_studies(effect, se)
    there = np.isfinite(effect) & np.isfinite(se)
    df = np.maximum(found.number - 1, 1)
    half = special.stdtrit(df, 0.975) * found.se
    further = special.stdtrit(np.maximum(found.number - 2, 1), 0.975) * np.sqrt(found.tau2 + found.se**2)
    further = np.where(found.number > 2, further, np.nan)
    several = found.number > 1
    table = questions.assign(
        n_datasets=found.number,
        datasets=[";".join(name for name, is_there in zip(datasets, row, strict=True) if is_there) for row in there],
        dataset_effects=[_joined(row[is_there]) for row, is_there in zip(effect, there, strict=True)],
        dataset_ses=[_joined(row[is_there]) for row, is_there in zip(se, there, strict=True)],
        effect=found.effect,
        se=found.se,
        ci_low=np.where(several, found.effect - half, np.nan),
        ci_high=np.where(several, found.effect + half, np.nan),
        pvalue=found.pvalue,
    )
    groups = table.groupby(list(QUESTION[:4]), sort=False)["pvalue"]
    table["qvalue"] = groups.transform(lambda values: benjamini_hochberg(values.to_numpy()))
    table = table.assign(
        tau2=found.tau2, i2=found.i2, q_pvalue=found.q_pvalue,
        prediction_low=found.effect - further, prediction_high=found.effect + further,
    )  # fmt: skip
    table["loo_effect_min"], table["loo_effect_max"], table["loo_pvalue_max"] = leave_one_out(effect, se)
    table["status"] = np.where(several, "tested", "described")
    table["reason"] = np.where(several, "", "one data set only")
    return table


def _joined(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    return ";".join(f"{value:.6g}" for value in values)
