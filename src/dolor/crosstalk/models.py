"""Which model over which samples answers which comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dolor.crosstalk.comparisons import Comparison, comparisons_of, reference_levels
from dolor.crosstalk.design import SEXES, Design, build_design, variables_of
from dolor.errors import DesignError

__all__ = ["Model", "models_of", "replicates_of"]

_UNKNOWN_DONORS = frozenset({"", "unknown", "na", "nan", "none", "not_stated"})


@dataclass(frozen=True)
class Model:
    """A design, the comparisons that it answers, and what a reader of these must know."""

    design: Design
    comparisons: tuple[Comparison, ...]
    note: str = ""


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
    keys = ["donor_id", *sorted(formula_variables & set(obs.columns))]
    samples = obs.drop_duplicates("sample_id").set_index(obs.drop_duplicates("sample_id")["sample_id"].astype(str))
    known = ~samples["donor_id"].astype(str).str.lower().isin(_UNKNOWN_DONORS)
    names = {name: name for name in samples.index}
    for _, alike in samples[known].groupby([samples.loc[known, key].astype(str) for key in keys], sort=True):
        names |= dict.fromkeys(alike.index, "+".join(sorted(alike.index)))
    return obs["sample_id"].astype(str).map(names)


def models_of(samples: pd.DataFrame, formula: str, reference: Mapping[str, str]) -> list[Model]:
    """Choose the models for a formula.

    Where some samples have no known sex (``mixed`` or ``unknown``), the effect of condition comes from all samples
    without the sex terms, and everything about sex from the samples whose sex is known. Where there is one sex only,
    condition is tested, and what needs the other sex is listed as impossible.

    Parameters
    ----------
    samples
        One row a replicate.
    formula, reference
        As in :func:`dolor.crosstalk.contrast.contrast`.

    Returns
    -------
    One or two models.

    Raises
    ------
    dolor.errors.DesignError
        The samples cannot separate the effects that the formula names.
    """
    variables = variables_of(formula)
    levels = reference_levels(samples, reference) if "condition" in variables else {"sex": "male", **reference}
    if not variables & {"condition", "sex"}:
        raise DesignError(f"the formula '{formula}' names neither condition nor sex, so there is nothing to compare")
    if "condition" in variables and samples["condition"].nunique() < 2:
        raise DesignError(
            f"all {len(samples)} samples have the condition '{levels['condition']}'; a contrast needs at least two "
            "conditions, so take condition out of the formula to compare the sexes"
        )
    if "sex" not in variables:
        return [_model(samples, formula, levels)]
    sexed = samples[samples["sex"].astype(str).isin(SEXES)]
    if sexed["sex"].nunique() < 2:
        return [_one_sex(samples, sexed, formula, levels)]
    if len(sexed) == len(samples):
        return [_model(samples, formula, levels)]
    return _some_without_sex(samples, sexed, formula, levels)


def _model(
    samples: pd.DataFrame, formula: str, levels: Mapping[str, str], without: tuple[str, ...] = (), note: str = ""
) -> Model:
    design = build_design(samples, formula, without=without)
    return Model(design, tuple(comparisons_of(design, {"condition": "", **levels})), note)


def _some_without_sex(
    samples: pd.DataFrame, sexed: pd.DataFrame, formula: str, levels: Mapping[str, str]
) -> list[Model]:
    count = len(samples) - len(sexed)
    note = f"{count} sample(s) of mixed or unknown sex left out"
    with_sex = _model(sexed, formula, levels, note=note)
    if "condition" not in with_sex.design.variables:
        return [with_sex]
    all_samples = _model(
        samples, formula, levels, without=("sex",), note=f"sex not modelled: {count} sample(s) of mixed or unknown sex"
    )
    about_sex = tuple(c for c in with_sex.comparisons if c.contrast_type != "condition")
    return [all_samples, replace(with_sex, comparisons=about_sex)]


def _one_sex(samples: pd.DataFrame, sexed: pd.DataFrame, formula: str, levels: Mapping[str, str]) -> Model:
    """Model condition alone; say of each comparison that needs two sexes why it cannot be made."""
    found = sorted(sexed["sex"].astype(str).unique())
    reason = f"all samples of known sex are {found[0]}" if found else "no sample has a known sex"
    if "condition" not in variables_of(formula):
        raise DesignError(f"{reason}, so sex cannot be compared; the formula '{formula}' leaves nothing else")
    model = _model(samples, formula, levels, without=("sex",))
    other = next(sex for sex in SEXES if sex != levels["sex"])
    nothing = np.zeros(model.design.matrix.shape[1])
    conditions = [*dict.fromkeys(c.case for c in model.comparisons), levels["condition"]]

    def impossible(kind: str, case: str, base: str, stratum: str = "") -> Comparison:
        return Comparison(kind, case, base, stratum, nothing, (), 0, reason)

    made: list[Comparison] = list(model.comparisons)
    for comparison in model.comparisons:
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
