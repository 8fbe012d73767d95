from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from dolor.contrasts.meta import combine_studies, meta
from dolor.core.errors import DataError
from dolor.knowledge.catalog import interactions

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("scatter", [0.05, 1.0])
def test_combination_is_that_of_statsmodels(scatter: float):
    effect, se = RNG.normal(0.5, scatter, (20, 6)), RNG.uniform(0.1, 0.5, (20, 6))
    found = combine_studies(effect, se)
    for k in range(20):
        expected = combine_effects(effect[k], se[k] ** 2, method_re="iterated", atol=1e-12)
        assert found.i2[k] == pytest.approx(max(expected.i2, 0.0), abs=1e-9)
        # Its iteration may stop at 0 although the equation has a positive root.
        if expected.tau2 > 0:
            assert found.tau2[k] == pytest.approx(expected.tau2, abs=1e-5)
            assert found.effect[k] == pytest.approx(expected.mean_effect_re, abs=1e-5)
            assert found.se[k] == pytest.approx(expected.sd_eff_w_re_hksj, rel=1e-3)


def test_level_is_kept_under_heterogeneity():
    between = RNG.normal(0, 0.5, (4000, 5))
    se = RNG.uniform(0.2, 0.6, (4000, 5))
    pvalues = combine_studies(between + RNG.normal(0, se), se).pvalue
    assert (pvalues < 0.05).mean() == pytest.approx(0.045, abs=0.012)


def rows(dataset: str, effect: float, **values: str) -> dict[str, object]:
    plain = {
        "dataset_id": dataset, "contrast_type": "condition", "case": "injured", "reference": "naive", "stratum": "",
        "sender": "macrophage", "receiver": "nociceptor", "interaction_id": "TNF:TNFRSF1A", "effect": effect, "se": 0.2,
        "status": "tested",
    }  # fmt: skip
    return plain | values


def test_data_sets_meet_in_the_common_name_of_their_conditions():
    table = pd.DataFrame([
        rows("a", 1.0, case="SNI"), rows("b", 1.2, case="CCI"), rows("c", 0.9, case="SNL"),
        rows("c", 9.0, case="SNL", status="described"),
    ])  # fmt: skip
    names = {name: {model: "nerve_injury"} for name, model in (("a", "SNI"), ("b", "CCI"), ("c", "SNL"))}
    found = meta(table, names)
    assert len(found) == 1
    assert found.loc[0, "case"] == "nerve_injury"
    assert found.loc[0, "datasets"] == "a;b;c"
    assert found.loc[0, "effect"] == pytest.approx(np.mean([1.0, 1.2, 0.9]))
    assert found.loc[0, "loo_effect_min"] == pytest.approx(0.95)
    assert found.loc[0, "prediction_low"] < found.loc[0, "ci_low"] < found.loc[0, "effect"]
    assert len(meta(table)) == 3


def test_interactions_are_renamed_in_both_halves():
    table = pd.DataFrame([
        rows("a", 1.0, contrast_type="interaction", case="SNI:female", reference="sham:male"),
        rows("b", 1.0, contrast_type="interaction", case="nerve_injury:female", reference="naive:male"),
    ])  # fmt: skip
    found = meta(table, {"a": {"SNI": "nerve_injury", "sham": "naive"}})
    assert found["n_datasets"].tolist() == [2]


def test_one_data_set_is_described_and_two_conditions_of_it_are_not_two_studies():
    table = pd.DataFrame([rows("a", 1.0, case="d3"), rows("a", 2.0, case="d7")])
    found = meta(table, {"a": {"d3": "injury", "d7": "injury"}}).iloc[0]
    assert (found["n_datasets"], found["effect"], found["status"]) == (1, 1.5, "described")
    assert np.isnan(found["pvalue"])
    assert found["reason"] == "one data set only"


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="lack the column.* se"):
        meta(pd.DataFrame([rows("a", 1.0)]).drop(columns="se"))


def test_mouse_and_human_meet_in_their_orthologs():
    """The catalog names a pair alike for both species, whatever the symbols of its genes."""
    mouse, human = (interactions(organism).set_index("interaction_id") for organism in ("mouse", "human"))
    shared = mouse.index.intersection(human.index)
    assert len(shared) > 20
    assert "CCL2:CCR2" in shared
    assert (mouse.loc["CCL2:CCR2", "ligand"], human.loc["CCL2:CCR2", "ligand"]) == ("Ccl2", "CCL2")
    found = meta(
        pd.DataFrame([rows("mice", 1.0, interaction_id="CCL2:CCR2"), rows("people", 1.4, interaction_id="CCL2:CCR2")])
    )
    assert found[["interaction_id", "datasets", "effect"]].to_numpy().tolist() == [
        ["CCL2:CCR2", "mice;people", pytest.approx(1.2)]
    ]
