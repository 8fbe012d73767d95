"""Donors that give several samples: paired designs and repeated measures.

Where every donor gives more than one sample, a comparison within donors takes the donors as fixed effects: each is its
own control. What differs between donors only, such as sex, cannot be asked that way; there the samples of a donor share
a random intercept, with one correlation estimated from all genes together, as limma's ``duplicateCorrelation`` does.

References
----------
Smyth, G. K., Michaud, J. and Scott, H. S. (2005), Bioinformatics 21, 2067-2075.

Which model over which samples answers which comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.contrasts.linear.comparisons import SEXES, Comparison, comparisons_of, reference_levels
from dolor.contrasts.linear.design import Design, build_design, variables_of
from dolor.contrasts.linear.linear_model import basis, is_estimable
from dolor.core.contracts import PROFILE_FIELDS
from dolor.core.errors import DesignError

__all__ = [
    "Model",
    "block_correlation",
    "consensus_correlation",
    "indicator",
    "is_paired",
    "models_of",
    "replicates_of",
    "samples_of",
    "with_correlation",
]

Floats = NDArray[np.float64]

_LARGEST = 0.95


def indicator(donors: pd.Series) -> Floats:
    """Return samples × donors, 1 where a sample is of a donor."""
    return pd.get_dummies(donors.astype(str)).to_numpy(dtype=float)


def is_paired(donors: pd.Series) -> bool:
    """Say whether every donor gave more than one sample."""
    return bool((donors.astype(str).value_counts() > 1).all())


def consensus_correlation(log2: Floats, variance: Floats, design: Floats, blocks: Floats) -> float:
    """Estimate the correlation of samples of one donor that the design leaves, from all genes together.

    Parameters
    ----------
    log2
        S × T × U, log2 expression; NaN where the cell type is absent.
    variance
        S × T × U, expected variance, by which residuals are scaled.
    design
        S × coefficients.
    blocks
        S × donors, from :func:`indicator`.

    Returns
    -------
    The correlation, 0 or more: the moments of residuals within and across donors, matched to their expectation.
    """
    equations, moments = np.zeros((2, 2)), np.zeros(2)
    for cell_type in range(log2.shape[1]):
        rows = np.flatnonzero(np.isfinite(log2[:, cell_type]).any(axis=1))
        usable = np.isfinite(log2[rows, cell_type]).all(axis=0) & np.isfinite(variance[rows, cell_type]).all(axis=0)
        same = blocks[rows] @ blocks[rows].T
        np.fill_diagonal(same, 0)
        if not (usable.any() and same.any()):
            continue
        columns, _ = basis(design[rows])
        remaining = np.eye(len(rows)) - columns @ columns.T
        expected = variance[rows, cell_type][:, usable]
        residual = remaining @ log2[rows, cell_type][:, usable] / np.sqrt(expected.mean(axis=0))
        count = int(usable.sum())
        moments += [(residual**2).sum(), np.einsum("sk,st,tk->", residual, same, residual, optimize=True)]
        for row, form in enumerate((remaining, remaining @ same @ remaining)):
            equations[row] += [count * np.trace(form), count * np.trace(form @ same)]
    if np.linalg.matrix_rank(equations) < 2:
        return 0.0
    total, shared = np.linalg.solve(equations, moments)
    return float(np.clip(shared / total, 0.0, _LARGEST)) if total > 0 else 0.0


def block_correlation(blocks: Floats, correlation: float) -> Floats:
    """Return the correlation matrix of samples, S × S.

    Examples
    --------
    >>> block_correlation(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 0.5)[0].tolist()
    [1.0, 0.5, 0.0]
    """
    same = blocks @ blocks.T * correlation
    np.fill_diagonal(same, 1.0)
    return same


_UNKNOWN_DONORS = frozenset({"", "unknown", "na", "nan", "none", "not_stated"})


@dataclass(frozen=True)
class Model:
    """A design, the comparisons that it answers, and what a reader of these must know.

    ``blocks`` (samples × donors) are there if samples of one donor share a random intercept; ``correlation`` (samples ×
    samples) follows once it is estimated.
    """

    design: Design
    comparisons: tuple[Comparison, ...]
    note: str = ""
    blocks: Floats | None = None
    correlation: Floats | None = None


def replicates_of(obs: pd.DataFrame, formula_variables: frozenset[str]) -> pd.Series:
    """Name the replicate of each profile: the sample, or its donor where several samples of a donor are alike.

    Samples of one donor that agree in all variables of the formula are libraries of one animal: they replicate the
    measurement, not the biology, so their counts are summed.

    Parameters
    ----------
    obs
        ``obs`` of profiles.
    formula_variables
        The columns that the formula uses.

    Returns
    -------
    Name of the replicate, one a row.
    """
    obs = _of_samples(obs)
    keys = ["donor_id", *sorted(formula_variables & set(obs.columns))]
    samples = obs.drop_duplicates("sample_id").set_index(obs.drop_duplicates("sample_id")["sample_id"].astype(str))
    known = ~samples["donor_id"].astype(str).str.lower().isin(_UNKNOWN_DONORS)
    names = {name: name for name in samples.index}
    for _, alike in samples[known].groupby([samples.loc[known, key].astype(str) for key in keys], sort=True):
        names |= dict.fromkeys(alike.index, "+".join(sorted(alike.index)))
    return obs["sample_id"].astype(str).map(names)


def samples_of(obs: pd.DataFrame, replicate: pd.Series) -> pd.DataFrame:
    """Return one row per replicate, in alphabetical order; columns of the samples may bear any name."""
    first = ~replicate.duplicated().to_numpy()
    return _of_samples(obs)[first].set_axis(pd.Index(replicate[first], name="")).sort_index()


def _of_samples(obs: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of the samples their names back where profiles have a column of the same name."""
    kept = {f"sample_{name}": name for name in PROFILE_FIELDS if f"sample_{name}" in obs.columns}
    return obs.drop(columns=list(kept.values()), errors="ignore").rename(columns=kept)


def with_correlation(model: Model, log2: Floats, variance: Floats) -> Model:
    """Estimate the correlation of samples of one donor, if the model has donors as a random intercept.

    Parameters
    ----------
    model
        A model with or without ``blocks``.
    log2, variance
        S × T × U, log2 expression and its expected variance.
    """
    if model.blocks is None:
        return model
    correlation = consensus_correlation(log2, variance, model.design.matrix, model.blocks)
    return replace(model, correlation=block_correlation(model.blocks, correlation))


def models_of(
    samples: pd.DataFrame,
    formula: str,
    reference: Mapping[str, str],
    ordered: Mapping[str, float] | None = None,
) -> list[Model]:
    """Choose the models for a formula.

    Where donors gave several samples, see :mod:`dolor.contrasts.linear.models`.

    Where some samples have no known sex (``mixed`` or ``unknown``), the effect of condition comes from all samples
    without the sex terms, and everything about sex from the samples whose sex is known. Where there is one sex only,
    condition is tested, and what needs the other sex is listed as impossible; where there is one condition only, the
    sexes are compared, if they can be, and condition is listed as impossible.

    Parameters
    ----------
    samples
        One row a replicate.
    formula, reference, ordered
        As in :func:`dolor.contrasts.contrast.contrast`.

    Returns
    -------
    The models, most often one.

    Raises
    ------
    dolor.core.errors.DesignError
        The samples cannot separate the effects that the formula names.
    """
    models = _unblocked(samples, formula, reference, ordered)
    if "donor_id" in variables_of(formula):
        return models
    return [blocked for model in models for blocked in _blocked(model, samples)]


def _blocked(model: Model, samples: pd.DataFrame) -> list[Model]:
    """Account for donors that gave several samples: fixed within donors, random between them."""
    donors = samples.loc[model.design.samples.index, "donor_id"].astype(str)
    donors = donors.where(~donors.str.lower().isin(_UNKNOWN_DONORS), donors.index.astype(str))
    if donors.is_unique:
        return [model]
    blocks = indicator(donors)
    if not is_paired(donors):
        return [replace(model, blocks=blocks)]
    own_control = np.hstack([model.design.matrix, blocks])
    padding = np.zeros(blocks.shape[1])
    within = [is_estimable(np.append(c.weights, padding), own_control) for c in model.comparisons]
    inside = tuple(
        replace(c, weights=np.append(c.weights, padding))
        for c, is_within in zip(model.comparisons, within, strict=True)
        if is_within
    )
    outside = tuple(c for c, is_within in zip(model.comparisons, within, strict=True) if not is_within)
    paired = replace(model, design=replace(model.design, matrix=own_control), comparisons=inside)
    return [paired, *([replace(model, comparisons=outside, blocks=blocks)] if outside else [])]


def _unblocked(
    samples: pd.DataFrame, formula: str, reference: Mapping[str, str], ordered: Mapping[str, float] | None
) -> list[Model]:
    variables = variables_of(formula)
    levels = reference_levels(samples, reference) if "condition" in variables else {"sex": "male", **reference}
    if not variables & {"condition", "sex"}:
        raise DesignError(f"the formula '{formula}' names neither condition nor sex, so there is nothing to compare")
    if "condition" in variables and samples["condition"].nunique() < 2:
        return [_one_condition(samples, formula, levels)]
    if "sex" not in variables:
        return [_model(samples, formula, levels, ordered)]
    sexed = samples[samples["sex"].astype(str).isin(SEXES)]
    if sexed["sex"].nunique() < 2:
        return [_one_sex(samples, sexed, formula, levels, ordered)]
    if len(sexed) == len(samples):
        return [_model(samples, formula, levels, ordered)]
    return _some_without_sex(samples, sexed, formula, levels, ordered)


def _model(
    samples: pd.DataFrame,
    formula: str,
    levels: Mapping[str, str],
    ordered: Mapping[str, float] | None,
    without: tuple[str, ...] = (),
    note: str = "",
) -> Model:
    design = build_design(samples, formula, without=without)
    return Model(design, tuple(comparisons_of(design, {"condition": "", **levels}, ordered)), note)


def _some_without_sex(
    samples: pd.DataFrame,
    sexed: pd.DataFrame,
    formula: str,
    levels: Mapping[str, str],
    ordered: Mapping[str, float] | None,
) -> list[Model]:
    count = len(samples) - len(sexed)
    note = f"{count} sample(s) of mixed or unknown sex left out"
    with_sex = _model(sexed, formula, levels, ordered, note=note)
    if "condition" not in with_sex.design.variables:
        return [with_sex]
    all_samples = _model(
        samples, formula, levels, ordered, ("sex",), note=f"sex not modelled: {count} sample(s) of mixed or unknown sex"
    )
    about_sex = tuple(c for c in with_sex.comparisons if c.contrast_type != "condition")
    return [all_samples, replace(with_sex, comparisons=about_sex)]


def _one_condition(samples: pd.DataFrame, formula: str, levels: Mapping[str, str]) -> Model:
    """Compare the sexes, if both are there and asked for; say of condition why it cannot be compared."""
    reason = f"all {len(samples)} samples have the condition '{levels['condition']}'"
    sexed = samples[samples["sex"].astype(str).isin(SEXES)]
    both = "sex" in variables_of(formula) and sexed["sex"].nunique() == 2
    design = build_design(sexed if both else samples, formula, without=("condition",) if both else ("condition", "sex"))
    nothing = np.zeros(design.matrix.shape[1])
    condition = Comparison("condition", "other", levels["condition"], "", nothing, (), 0, reason)
    sexes = comparisons_of(design, levels) if both else []
    return Model(design, (condition, *sexes), f"condition not modelled: {reason}")


def _one_sex(
    samples: pd.DataFrame,
    sexed: pd.DataFrame,
    formula: str,
    levels: Mapping[str, str],
    ordered: Mapping[str, float] | None,
) -> Model:
    """Model condition alone; say of each comparison that needs two sexes why it cannot be made."""
    found = sorted(sexed["sex"].astype(str).unique())
    reason = f"all samples of known sex are {found[0]}" if found else "no sample has a known sex"
    if "condition" not in variables_of(formula):
        raise DesignError(f"{reason}, so sex cannot be compared; the formula '{formula}' leaves nothing else")
    model = _model(samples, formula, levels, ordered, ("sex",))
    other = next(sex for sex in SEXES if sex != levels["sex"])
    nothing = np.zeros(model.design.matrix.shape[1])
    conditions = [*dict.fromkeys(c.case for c in model.comparisons if not c.ordered), levels["condition"]]

    def impossible(kind: str, case: str, base: str, stratum: str = "") -> Comparison:
        return Comparison(kind, case, base, stratum, nothing, (), 0, reason)

    made: list[Comparison] = list(model.comparisons)
    for comparison in (c for c in model.comparisons if not c.ordered):
        case, base = comparison.case, comparison.reference
        for sex in SEXES:
            alone = [sex] == found and len(sexed) == len(samples)
            made.append(
                replace(comparison, contrast_type="condition_in_sex", stratum=sex)
                if alone
                else impossible("condition_in_sex", case, base, sex)
            )
        made.append(impossible("interaction", f"{case}:{other}", f"{base}:{levels['sex']}"))
    made.append(impossible("sex", other, levels["sex"]))
    made += [impossible("sex_in_condition", other, levels["sex"], condition) for condition in conditions]
    return replace(model, comparisons=tuple(made), note=f"sex not modelled: {reason}")
