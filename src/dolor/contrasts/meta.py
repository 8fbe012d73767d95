"""Combining estimates of several studies: the kernel of meta-analysis, for many questions at once.

References
----------
Paule, R. C. and Mandel, J. (1982), Journal of Research of the National Bureau of Standards 87, 377-385.
Hartung, J. and Knapp, G. (2001), Statistics in Medicine 20, 3875-3889.

What several data sets say together about one interaction: random-effects meta-analysis.

Data sets of both species meet in ``interaction_id``, which is written in human symbols for either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dolor.core.errors import DataError
from dolor.core.multiple_testing import benjamini_hochberg

__all__ = ["Combined", "combine_studies", "leave_one_out", "meta"]

Floats = NDArray[np.float64]

_ROUNDS = 100


@dataclass(frozen=True)
class Combined:
    """Answers to K questions.

    ``number`` of studies; ``effect``, ``se``, ``pvalue`` (NaN for a single study); ``tau2``, the variance between
    studies; ``i2``, the part of the scatter that is heterogeneity; ``q_pvalue`` of Cochran's test for it.
    """

    number: NDArray[np.int64]
    effect: Floats
    se: Floats
    pvalue: Floats
    tau2: Floats
    i2: Floats
    q_pvalue: Floats


def combine_studies(effect: Floats, se: Floats) -> Combined:
    """Combine studies by random effects.

    Parameters
    ----------
    effect, se
        K × studies; NaN where a study has no estimate.

    Returns
    -------
    Mean effects with Paule-Mandel's variance between studies and Hartung-Knapp's standard error, which is never taken
    smaller than the one that assumes the variances known; its t has one degree of freedom less than studies.

    Examples
    --------
    >>> found = combine_studies(np.array([[1.0, 1.2, 0.8]]), np.array([[0.3, 0.3, 0.3]]))
    >>> round(found.effect.item(), 6), found.tau2.item(), round(found.pvalue.item(), 3)
    (1.0, 0.0, 0.029)
    """
    there = _has_estimate(effect, se)
    value, variance = np.where(there, effect, 0.0), np.where(there, se**2, 1.0)
    number = there.sum(axis=1)
    df = np.maximum(number - 1, 1)
    fixed = _heterogeneity(value, variance, there, np.zeros(len(value)))[0]
    tau2 = _between(value, variance, there, df)
    spread, mean, precision = _heterogeneity(value, variance, there, tau2)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.maximum(spread / df, 1.0) / precision)
        pvalue = 2 * special.stdtr(df, -np.abs(mean / error))
        i2 = np.where(fixed > 0, np.maximum(0.0, 1 - df / fixed), 0.0)
    several = number > 1
    return Combined(
        number=number,
        effect=np.where(number > 0, mean, np.nan),
        se=np.where(number > 0, error, np.nan),
        pvalue=np.where(several, pvalue, np.nan),
        tau2=np.where(several, tau2, np.nan),
        i2=np.where(several, i2, np.nan),
        q_pvalue=np.where(several, special.chdtrc(df, fixed), np.nan),
    )


def leave_one_out(effect: Floats, se: Floats) -> tuple[Floats, Floats, Floats]:
    """Repeat without each study.

    Returns
    -------
    lowest effect, highest effect, largest p : NaN where fewer than three studies leave nothing to combine.
    """
    there = _has_estimate(effect, se)
    number = there.sum(axis=1)
    effects, pvalues = [], []
    for study in range(effect.shape[1]):
        without = np.arange(effect.shape[1]) != study
        found = combine_studies(effect[:, without], se[:, without])
        took_part = there[:, study] & (number > 2)
        effects.append(np.where(took_part, found.effect, np.nan))
        pvalues.append(np.where(took_part, found.pvalue, np.nan))
    stacked, largest = np.array(effects), np.array(pvalues)
    enough = number > 2
    low, high, worst = (np.full(len(number), np.nan) for _ in range(3))
    low[enough], high[enough] = np.nanmin(stacked[:, enough], axis=0), np.nanmax(stacked[:, enough], axis=0)
    worst[enough] = np.nanmax(largest[:, enough], axis=0)
    return low, high, worst


def _has_estimate(effect: Floats, se: Floats) -> NDArray[np.bool_]:
    usable: NDArray[np.bool_] = np.isfinite(effect) & np.isfinite(se) & (se > 0)
    return usable


def _heterogeneity(
    value: Floats, variance: Floats, there: NDArray[np.bool_], tau2: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the weighted squares around the mean, the mean, and the sum of the weights."""
    weight = np.where(there, 1 / (variance + tau2[:, None]), 0.0)
    precision = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weight * value).sum(axis=1) / precision
    squares = (weight * (value - np.nan_to_num(mean)[:, None]) ** 2).sum(axis=1)
    return squares, mean, precision


def _between(value: Floats, variance: Floats, there: NDArray[np.bool_], df: NDArray[np.int64]) -> Floats:
    """Solve for the variance between studies at which the weighted squares are as expected, by halving an interval."""
    low = np.zeros(len(value))
    high = np.where(there, value**2, 0.0).sum(axis=1) * 4 + 1e-12
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        above = _heterogeneity(value, variance, there, middle)[0] > df
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    needed = _heterogeneity(value, variance, there, np.zeros(len(value)))[0] > df
    solved: Floats = np.where(needed, (low + high) / 2, 0.0)
    return solved


QUESTION = ("contrast_type", "case", "reference", "stratum", "sender", "receiver", "interaction_id")
_NEEDED = (*QUESTION, "dataset_id", "effect", "se", "status")


def meta(contrasts: pd.DataFrame, models: Mapping[str, Mapping[str, str]] | None = None) -> pd.DataFrame:
    """Combine the contrasts of several data sets.

    Parameters
    ----------
    contrasts
        Tables of :func:`dolor.contrasts.contrast.contrast`, concatenated.
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
    dolor.core.errors.DataError
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
