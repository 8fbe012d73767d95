"""Moderated tests of a few responses measured once a sample, such as proportions or activities."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dolor.contrasts.linear.answers import answers_of
from dolor.contrasts.linear.linear_model import fit
from dolor.contrasts.linear.models import Model
from dolor.contrasts.linear.moderation import fit_prior, moderate
from dolor.core.multiple_testing import benjamini_hochberg

__all__ = ["compare_responses"]

Floats = NDArray[np.float64]

_ESTIMATES = ("effect", "se", "statistic", "df", "pvalue")


def compare_responses(response: Floats, names: pd.Index, label: str, model: Model) -> pd.DataFrame:
    """Test every comparison of a model on K responses.

    Parameters
    ----------
    response
        Samples × K; a row of NaN for a sample that has no value.
    names, label
        Names of the responses, and of the column that holds them.
    model
        Design, comparisons and, for repeated donors, the correlation of samples.

    Returns
    -------
    One row a (comparison, response): ``contrast_type case reference stratum``, the label, ``effect se statistic df
    pvalue qvalue n_case n_reference status reason``. Moderation and adjustment run over the responses.
    """
    present = np.isfinite(response.sum(axis=1))
    answers = answers_of(model.design, model.comparisons, present)
    frames = []
    for i, comparison in enumerate(model.comparisons):
        estimable, testable = bool(answers.estimable[i]), bool(answers.testable[i])
        estimates = _estimates(response, present, model, comparison.weights) if estimable else {}
        frame = pd.DataFrame({label: names.astype(str)})
        for name in ("contrast_type", "case", "reference", "stratum"):
            frame[name] = getattr(comparison, name)
        for name in _ESTIMATES:
            frame[name] = estimates[name] if estimable and (testable or name == "effect") else np.nan
        frame["qvalue"] = benjamini_hochberg(frame["pvalue"].to_numpy())
        frame["n_case"], frame["n_reference"] = answers.n_case[i], answers.n_reference[i]
        frame["status"] = "tested" if testable else "described" if estimable else "untestable"
        frame["reason"] = answers.reason[i] or model.note
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _estimates(response: Floats, present: NDArray[np.bool_], model: Model, weights: Floats) -> dict[str, Floats]:
    rows = np.flatnonzero(present)
    values = response[rows]
    correlation = None if model.correlation is None else model.correlation[np.ix_(rows, rows)]
    result = fit(values, np.ones_like(values), model.design.matrix[rows], weights[None], correlation=correlation)
    if result.df < 1:
        nothing = np.full(values.shape[1], np.nan)
        return {"effect": result.effect[0], **dict.fromkeys(_ESTIMATES[1:], nothing)}
    df = np.full(values.shape[1], float(result.df))
    variance, total = moderate(result.variance, df, fit_prior(result.variance, df))
    se = np.sqrt(result.unscaled_variance[0] * variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(se > 0, result.effect[0] / se, np.nan)
    pvalue = 2 * special.stdtr(total, -np.abs(statistic))
    return {"effect": result.effect[0], "se": se, "statistic": statistic, "df": total, "pvalue": pvalue}
