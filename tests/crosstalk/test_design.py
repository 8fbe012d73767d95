from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dolor.contrasts.linear.comparisons import comparisons_of
from dolor.contrasts.linear.design import are_codes, build_design
from dolor.contrasts.linear.models import block_correlation, consensus_correlation, indicator, models_of
from dolor.core.errors import DesignError, UsageError

REFERENCE = {"condition": "naive", "sex": "male"}


def samples(conditions: tuple[str, ...] = ("naive", "injured"), number: int = 2) -> pd.DataFrame:
    rows = [
        {"condition": condition, "sex": sex, "batch": f"b{i % 2}", "age": float(7 * i + len(condition) + len(sex))}
        for condition in conditions for sex in ("female", "male") for i in range(number)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, index=[f"s{i}" for i in range(len(rows))])
    return frame.assign(donor_id=frame.index)


def means(design, effects: dict[tuple[str, str], float]) -> np.ndarray:
    """Coefficients that give each combination of condition and sex its mean."""
    pairs = zip(design.samples["condition"].astype(str), design.samples["sex"].astype(str), strict=True)
    response = np.array([effects[pair] for pair in pairs])
    return np.linalg.lstsq(design.matrix, response, rcond=None)[0]


def test_comparisons_are_differences_of_cell_means():
    design = build_design(samples(), "~ condition * sex")
    coefficients = means(design, {
        ("naive", "male"): 1.0, ("naive", "female"): 2.0, ("injured", "male"): 4.0, ("injured", "female"): 9.0,
    })  # fmt: skip
    found = {
        (c.contrast_type, c.case, c.reference, c.stratum): round(float(c.weights @ coefficients), 9)
        for c in comparisons_of(design, REFERENCE)
    }
    assert found == {
        ("condition", "injured", "naive", ""): 5.0,
        ("condition_in_sex", "injured", "naive", "female"): 7.0,
        ("condition_in_sex", "injured", "naive", "male"): 3.0,
        ("interaction", "injured:female", "naive:male", ""): 4.0,
        ("sex", "female", "male", ""): 3.0,
        ("sex_in_condition", "female", "male", "injured"): 5.0,
        ("sex_in_condition", "female", "male", "naive"): 1.0,
    }


def test_covariates_leave_the_comparisons_and_additive_models_have_no_strata():
    design = build_design(samples(number=4), "~ condition + sex + batch + age")
    kinds = [c.contrast_type for c in comparisons_of(design, REFERENCE)]
    assert kinds == ["condition", "sex"]


def test_each_condition_is_compared_with_the_reference():
    design = build_design(samples(("day3", "day14", "naive")), "~ condition")
    assert [(c.case, c.reference) for c in comparisons_of(design, REFERENCE)] == [("day14", "naive"), ("day3", "naive")]


def test_the_trend_is_the_slope_along_the_axis():
    design = build_design(samples(("naive", "day3", "day14")), "~ condition * sex")
    slopes = {"naive": 0.0, "day3": 3.0, "day14": 14.0}
    coefficients = means(design, {(c, s): 0.5 * slopes[c] + (s == "male") for c in slopes for s in ("female", "male")})
    trend = comparisons_of(design, REFERENCE, slopes)[-1]
    assert trend.case == "trend:naive<day3<day14"
    assert trend.weights @ coefficients == pytest.approx(0.5)
    with pytest.raises(DesignError, match="disagree on day7"):
        comparisons_of(design, REFERENCE, slopes | {"day7": 7.0})


@pytest.mark.parametrize(
    ("formula", "error", "message"),
    [
        ("~ condition +* sex", UsageError, "cannot be read"),
        ("~ condition + log(age)", UsageError, r"computes 'log\(age\)'"),
        ("~ condition + __import__('os')", UsageError, "computes"),
        ("y ~ condition", UsageError, "more than one side"),
        ("~ condition + diet", DesignError, "names diet, which the samples do not have"),
    ],
)
def test_formulas_that_cannot_be_meant_are_refused(formula: str, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        build_design(samples(), formula)


def test_confounded_columns_are_named_and_an_empty_combination_is_not_confounding():
    confounded = samples().assign(batch=lambda frame: frame["condition"])
    with pytest.raises(DesignError, match="batch and condition determine each other"):
        build_design(confounded, "~ condition + sex + batch")
    build_design(samples().assign(batch="b0", age=3.0), "~ condition + batch + age")
    incomplete = samples()[lambda frame: ~((frame["condition"] == "injured") & (frame["sex"] == "female"))]
    assert build_design(incomplete, "~ condition * sex").matrix.shape == (6, 4)


def test_missing_values_are_named():
    gap = samples()
    gap.loc["s1", "age"] = np.nan
    with pytest.raises(DesignError, match=r"'age' of the formula is missing for the sample\(s\) s1"):
        build_design(gap, "~ condition + age")


def test_paired_designs_ask_within_donors_and_sex_between_them():
    paired = samples(number=3)
    paired["donor_id"] = paired["sex"] + "_" + (paired.groupby(["condition", "sex"]).cumcount()).astype(str)
    within, between = models_of(paired, "~ condition * sex", REFERENCE)
    assert {c.contrast_type for c in within.comparisons} == {"condition", "condition_in_sex", "interaction"}
    assert {c.contrast_type for c in between.comparisons} == {"sex", "sex_in_condition"}
    assert within.blocks is None
    assert between.blocks is not None
    assert between.blocks.shape == (12, 6)


def test_nothing_to_compare_is_refused():
    with pytest.raises(DesignError, match="names neither condition nor sex"):
        models_of(samples(), "~ batch", {})


def test_one_condition_compares_the_sexes_and_says_why_no_more():
    (model,) = models_of(samples(("naive",)), "~ condition * sex", REFERENCE)
    assert [(c.contrast_type, bool(c.impossible)) for c in model.comparisons] == [("condition", True), ("sex", False)]
    for formula in ("~ condition", "~ condition * sex"):
        alone = samples(("naive",)) if formula == "~ condition" else samples(("naive",)).assign(sex="female")
        (model,) = models_of(alone, formula, REFERENCE)
        assert [c.impossible for c in model.comparisons] == ["all 4 samples have the condition 'naive'"]


def test_the_correlation_of_donors_is_recovered():
    rng = np.random.default_rng(0)
    donors = pd.Series(np.repeat(np.arange(12), 2))
    blocks = indicator(donors)
    shared = blocks @ rng.normal(0, np.sqrt(0.6), (12, 3000))
    values = (shared + rng.normal(0, np.sqrt(0.4), (24, 3000)))[:, None]
    design = np.column_stack([np.ones(24), np.tile([0.0, 1.0], 12)])
    found = consensus_correlation(values, np.ones_like(values), design, blocks)
    assert found == pytest.approx(0.6, abs=0.03)
    assert block_correlation(blocks, found)[0, 1] == found


def test_batches_that_are_numbered_are_groups_as_named_ones_are_and_text_means_what_numbers_mean():
    frame = samples(number=6)
    number = pd.Series(np.arange(len(frame)) % 3 + 1, index=frame.index)
    named = build_design(frame.assign(batch=number.map({1: "a", 2: "b", 3: "c"})), "~ condition + batch")
    for written in (number, number.astype(str), number.astype(float)):
        coded = build_design(frame.assign(batch=written), "~ condition + batch")
        np.testing.assert_allclose(np.abs(coded.matrix), np.abs(named.matrix))
    slope = build_design(frame, "~ condition + age").matrix
    np.testing.assert_allclose(
        build_design(frame.assign(age=frame["age"].astype(str)), "~ condition + age").matrix, slope
    )
    assert slope.shape[1] == 3


@pytest.mark.parametrize(
    ("values", "groups"),
    [([1, 1, 2, 2], True), ([0, 0, 1, 1], True), ([1, 2, 3, 4], False), ([1, 1, 3, 3], False), ([8, 8, 9, 9], False),
     ([1.5, 1.5, 2, 2], False)],
)  # fmt: skip
def test_only_consecutive_whole_numbers_that_come_back_are_codes(values: list[float], groups: bool):
    assert are_codes(pd.Series(values)) is groups


def test_conditions_that_are_numbers_are_groups():
    numbered, named = samples(conditions=("7", "14")), samples(conditions=("b", "a"))
    np.testing.assert_array_equal(*(build_design(each, "~ condition + sex").matrix for each in (numbered, named)))
