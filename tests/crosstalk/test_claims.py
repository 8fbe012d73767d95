from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dolor.claims.claims import claims
from dolor.claims.scope import Setting
from dolor.core.errors import DataError
from dolor.core.tables import CLAIMS, CONTRASTS
from dolor.knowledge.vocabulary import COLUMNS


class Tree:
    """Macrophages with a subset, neurons with a subset."""

    BELOW = {  # noqa: RUF012
        "immune": ("macrophage", "inflammatory_macrophage"),
        "macrophage": ("inflammatory_macrophage",),
        "sensory_neuron": ("nociceptor",),
    }

    def descendants(self, population: str) -> tuple[str, ...]:
        return self.BELOW.get(population, ())


DRG = Setting("drg", {"naive": "naive", "injured": "nerve_injury"})


def statement(**words: str) -> dict[str, str]:
    plain = dict.fromkeys(COLUMNS, "") | {
        "id": "s1", "kind": "ligand_receptor", "ligand_human": "TNF", "receptor_human": "TNFRSF1A",
        "source_cell": "macrophage", "target_cell": "nociceptor", "compartment": "drg", "pain_type": "neuropathic",
        "context": "nerve_injury", "effect": "pro", "sex": "not_stated",
    }  # fmt: skip
    return plain | words


def contrast_row(**values: object) -> dict[str, object]:
    plain = dict.fromkeys(CONTRASTS.columns, "") | {
        "dataset_id": "d1", "contrast_type": "condition", "case": "injured", "reference": "naive",
        "sender": "inflammatory_macrophage", "receiver": "nociceptor", "interaction_id": "TNF:TNFRSF1A",
        "effect": 1.2, "se": 0.2, "statistic": 6.0, "df": 8.0, "pvalue": 1e-5, "qvalue": 1e-4, "n_case": 4,
        "n_reference": 4, "infiltration": 0.0, "per_cell": 1.2, "status": "tested",
    }  # fmt: skip
    return plain | values


def judge(words: dict[str, str] | None = None, *rows: dict[str, object], setting: Setting = DRG) -> pd.Series:
    contrasts = pd.DataFrame([contrast_row(**row) for row in rows] or [contrast_row()])
    result = claims(contrasts, pd.DataFrame([statement(**(words or {}))]), Tree(), {"d1": setting})
    assert list(result.columns) == list(CLAIMS.columns)
    return result.iloc[0]


def test_a_rise_supports_what_promotes_pain_and_covers_subsets():
    found = judge()
    assert (found["verdict"], found["sender"]) == ("supports", "inflammatory_macrophage")
    assert "log2 change +1.20" in found["evidence"]


def test_a_fall_opposes_what_promotes_pain():
    assert judge(None, {"effect": -1.2})["verdict"] == "opposes"


def test_a_fall_with_lost_identity_does_not_oppose():
    found = judge(None, {"effect": -1.2, "flags": "lost_identity"})
    assert found["verdict"] == "silent"
    assert "identity of the receiver" in found["reason"]


def test_relief_is_supported_by_loss_and_not_opposed_by_a_rise():
    assert judge({"effect": "anti"}, {"effect": -1.0})["verdict"] == "supports"
    assert judge({"effect": "anti"}, {"effect": 1.0})["verdict"] == "silent"


def test_relief_in_resolution_needs_the_phase_and_then_a_rise():
    words = {"effect": "anti", "context": "nerve_injury;resolution"}
    assert judge(words)["verdict"] == "untestable"
    resolving = Setting("drg", DRG.models, {"injured": "resolution"})
    assert judge(words, setting=resolving)["verdict"] == "supports"
    assert judge(words, {"effect": -1.0}, setting=resolving)["verdict"] == "opposes"


@pytest.mark.parametrize("effect", ["dual", "homeostatic", "not_evaluated"])
def test_effects_that_expression_cannot_decide_are_silent(effect: str):
    assert judge({"effect": effect})["verdict"] == "silent"


def test_no_change_is_silent_and_tells_how_near():
    found = judge(None, {"pvalue": 0.4, "qvalue": 0.8})
    assert found["verdict"] == "silent"
    assert "0.4" in found["reason"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"kind": "pathway"}, "names no ligand-receptor pair (kind pathway)"),
        ({"ligand_human": ""}, "no gene for the ligand"),
        ({"compartment": "spinal_cord"}, "compartment differs"),
        ({"context": "cipn"}, "no such condition: the statement is on cipn, the data has nerve_injury"),
        ({"context": "", "pain_type": "cancer"}, "no such condition"),
        ({"source_cell": "microglia"}, "sender absent: microglia"),
        ({"target_cell": "astrocyte"}, "receiver absent: astrocyte"),
        ({"receptor_human": "IL6R"}, "the pair was not scored"),
        ({"sex": "female_only"}, "needs the interaction of condition and sex: the design has no such contrast"),
        ({"sex": "female_only", "context": "cipn"}, "no such condition"),
    ],
)
def test_untestable_says_why(words: dict[str, str], reason: str):
    found = judge(words)
    assert found["verdict"] == "untestable"
    assert reason in found["reason"]
    assert np.isnan(found["effect"])


def test_gene_not_measured_and_too_few_samples_are_told():
    missing = {"status": "untestable", "reason": "ligand not measured: TNF", "pvalue": np.nan}
    assert judge(None, missing)["reason"] == "ligand not measured: TNF"
    few = {"status": "described", "reason": "too few samples with enough cells: 1 injured", "pvalue": np.nan}
    assert judge(None, few)["verdict"] == "untestable"
    assert judge(None, few)["reason"] == few["reason"]


def test_a_pair_of_which_an_end_is_absent_is_silent():
    row = {"status": "absent", "reason": "the receiver has no receptor", "pvalue": np.nan}
    assert judge(None, row)["verdict"] == "silent"


def test_one_sex_needs_the_interaction_not_two_separate_tests():
    female = {"contrast_type": "condition_in_sex", "stratum": "female"}
    male = {"contrast_type": "condition_in_sex", "stratum": "male", "pvalue": 0.6, "effect": 0.1}
    interaction = {"contrast_type": "interaction", "case": "injured:female", "reference": "naive:male"}
    not_significant = judge({"sex": "female_only"}, female, male, interaction | {"pvalue": 0.3})
    assert not_significant["verdict"] == "silent"
    assert "interaction of condition and sex is not significant" in not_significant["reason"]
    assert judge({"sex": "female_only"}, female, male, interaction)["verdict"] == "supports"
    assert judge({"sex": "female_only"}, female, male, interaction | {"effect": -1.0})["verdict"] == "opposes"


def test_male_statements_follow_the_direction_in_which_the_interaction_is_written():
    male = {"contrast_type": "condition_in_sex", "stratum": "male"}
    interaction = {"contrast_type": "interaction", "case": "injured:male", "reference": "naive:female"}
    assert judge({"sex": "male_biased"}, male, interaction)["verdict"] == "supports"
    turned = {"contrast_type": "interaction", "case": "injured:female", "reference": "naive:male", "effect": -1.2}
    assert judge({"sex": "male_biased"}, male, turned)["verdict"] == "supports"


def test_both_sexes_must_change_for_a_statement_on_both():
    female = {"contrast_type": "condition_in_sex", "stratum": "female"}
    male = {"contrast_type": "condition_in_sex", "stratum": "male"}
    assert judge({"sex": "both"}, female, male)["verdict"] == "supports"
    assert judge({"sex": "both"}, female, male | {"pvalue": 0.5})["verdict"] == "silent"


def test_many_populations_give_no_better_chance():
    rows = [{"sender": "macrophage", "receiver": "nociceptor", "pvalue": 0.03, "effect": 1.0}]
    rows += [{"sender": "inflammatory_macrophage", "receiver": "nociceptor", "pvalue": 0.9, "effect": 0.1}]
    assert judge(None, rows[0])["verdict"] == "supports"
    assert judge(None, *rows)["verdict"] == "silent"


def test_subsets_that_disagree_are_silent():
    found = judge(None, {"sender": "macrophage"}, {"effect": -1.0})
    assert found["verdict"] == "silent"
    assert "directions disagree" in found["reason"]


def test_a_data_set_without_setting_is_refused():
    with pytest.raises(DataError, match="d1.*have no setting"):
        claims(pd.DataFrame([contrast_row()]), pd.DataFrame([statement()]), Tree(), {})
