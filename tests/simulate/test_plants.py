from __future__ import annotations

import pytest

from dolor.core.errors import UsageError
from dolor.simulate.planted_effects import ARMS, Plant, parse_plants
from dolor.simulate.truth import contrast_effects


def test_a_plant_holds_in_its_arms_only():
    plant = Plant("t_cell", 2.0, gene="Il17a", condition="injured", sex="female")
    assert {arm: plant.change(*arm) for arm in ARMS} == {
        ("naive", "female"): 0.0, ("naive", "male"): 0.0, ("injured", "female"): 2.0, ("injured", "male"): 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "sex", "pattern"),
    [("injured", "", "condition"), ("", "male", "sex"), ("injured", "male", "one_sex"), ("", "", "condition")],
)
def test_pattern_names_the_question_that_finds_the_plant(condition, sex, pattern):
    assert Plant("microglia", 1.0, condition=condition, sex=sex).pattern == pattern


@pytest.mark.parametrize("word", [{"condition": "sham"}, {"sex": "F"}])
def test_unknown_arms_are_refused(word):
    with pytest.raises(UsageError, match="use "):
        Plant("microglia", 1.0, **word)


def test_plants_are_read_from_the_table():
    table = {"composition": [{"population": "neutrophil", "arms": "injured", "log2": 1}], "expression": []}
    assert parse_plants(table) == (Plant("neutrophil", 1.0, condition="injured"),)


def test_effects_of_the_contrasts_agree_with_each_other():
    level = {("naive", "female"): 1.0, ("naive", "male"): 0.5, ("injured", "female"): 4.0, ("injured", "male"): 1.5}
    effects = {
        (row["contrast_type"], row["stratum"]): row["effect"] for row in contrast_effects(lambda c, s: level[(c, s)])
    }
    assert effects[("condition_in_sex", "female")] == 3.0
    assert effects[("condition_in_sex", "male")] == 1.0
    assert effects[("condition", "")] == 2.0
    assert effects[("interaction", "")] == 2.0
    assert effects[("sex_in_condition", "injured")] - effects[("sex_in_condition", "naive")] == 2.0
    assert effects[("sex", "")] == 1.5
