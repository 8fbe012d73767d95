from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from dolor.contrasts.contrast import contrast
from dolor.contrasts.permutation import labelings, relabel
from dolor.core.errors import DesignError

sys.path.insert(0, str(Path(__file__).parent))
from pseudobulk import random_pairs, synthetic


def test_all_labelings_are_listed_once_with_the_observed_first():
    is_case = np.array([False, True, True, False, True, False])
    strata = np.array(["f", "f", "f", "m", "m", "m"])
    labels, exact = labelings(is_case, strata, 100, seed=0)
    assert exact
    assert len({tuple(row) for row in labels.tolist()}) == len(labels) == 9
    assert labels[0].tolist() == is_case.tolist()
    assert (labels[:, :3].sum(axis=1) == 2).all()


def test_a_random_choice_keeps_the_groups_of_each_stratum():
    is_case = np.tile([True, False], 12)
    labels, exact = labelings(is_case, np.repeat([0, 1], 12), 50, seed=1)
    assert not exact
    assert (labels[:, :12].sum(axis=1) == 6).all()
    np.testing.assert_array_equal(labels, labelings(is_case, np.repeat([0, 1], 12), 50, seed=1)[0])


def test_nothing_to_exchange_is_refused():
    with pytest.raises(DesignError, match="no labels can be exchanged"):
        labelings(np.array([True, True, False]), np.array([0, 0, 1]), 10, seed=0)


def test_pvalues_are_those_of_plain_enumeration(reference_dir: Path):
    profiles = synthetic(reference_dir, "signal")
    profiles = profiles[profiles.obs["sex"] == "female"].copy()
    pairs = random_pairs(list(profiles.var_names), 60)
    found = relabel(profiles, pairs, "injured", "naive")
    assert (found.number, found.exact, found.smallest_pvalue) == (20, True, 0.1)
    assert "the smallest p within reach is 0.1" in str(found)
    assert found.table["pvalue"].min() >= 0.1
    some = found.table[found.table["pvalue"] < 0.4].iloc[0]
    scores = _scores(profiles, pairs, some)
    differences = [
        scores[list(case)].mean() - np.delete(scores, case).mean() for case in itertools.combinations(range(6), 3)
    ]
    observed = scores[3:].mean() - scores[:3].mean()
    assert some["effect"] == pytest.approx(-observed, abs=1e-5)
    expected = np.mean(np.abs(differences) >= abs(observed) - 1e-5)
    assert some["pvalue"] == pytest.approx(expected)


def _scores(profiles, pairs, row) -> np.ndarray:
    """Scores of the six samples, injured first as their names sort last, from the array that the check reads."""
    from dolor.contrasts.expression_array import supply_of

    pair = pairs.set_index("interaction_id").loc[row["interaction_id"]]
    supply = supply_of(profiles, [*pairs["ligand"], *pairs["receptor"]], profiles.obs["sample_id"])
    sender, receiver = supply.cell_types.index(row["sender"]), supply.cell_types.index(row["receiver"])
    ligand = supply.log2[:, sender, supply.units[pair["ligand"]]]
    return (ligand + supply.log2[:, receiver, supply.units[pair["receptor"]]])[::-1] / 2


def test_null_study_is_called_as_often_as_the_level_says(reference_dir: Path):
    profiles = synthetic(reference_dir, "null")
    found = relabel(profiles, random_pairs(list(profiles.var_names), 1000), "injured", "naive")
    assert (found.table["pvalue"] <= 0.05).mean() == pytest.approx(0.05, abs=0.015)


def test_contrasts_carry_the_check_beside_their_model(reference_dir: Path):
    profiles = synthetic(reference_dir, "signal")
    pairs = random_pairs(list(profiles.var_names), 40)
    table = contrast(profiles, pairs, reference={"condition": "naive"}, relabelings=500)
    key = ["sender", "receiver", "interaction_id"]
    condition = table[table["contrast_type"] == "condition"].astype(dict.fromkeys(key, str))
    alone = relabel(profiles, pairs, "injured", "naive", number=500)
    both = condition.merge(alone.table, on=key, suffixes=("", "_alone"))
    assert len(both) == len(alone.table) == condition["relabel_pvalue"].notna().sum()
    assert (both["relabel_pvalue"] == both["pvalue_alone"]).all()
    assert set(condition["relabel_smallest_pvalue"]) == {alone.smallest_pvalue}
    assert table.loc[table["contrast_type"] != "condition", "relabel_pvalue"].isna().all()
    assert "relabel_pvalue" not in contrast(profiles, pairs, reference={"condition": "naive"})


def test_donors_that_gave_both_conditions_exchange_them_within_each(reference_dir: Path):
    profiles = synthetic(reference_dir, "null")
    profiles.obs["donor_id"] = profiles.obs.groupby("condition")["sample_id"].rank("dense").astype(int).astype(str)
    profiles.obs["sex"] = np.where(profiles.obs["donor_id"].astype(int) % 2 == 0, "female", "male")
    table = contrast(
        profiles, random_pairs(list(profiles.var_names), 5), reference={"condition": "naive"}, relabelings=99
    )
    smallest = table.loc[table["contrast_type"] == "condition", "relabel_smallest_pvalue"].unique()
    assert smallest.tolist() == [2 / 2**6]


def test_a_comparison_whose_labels_cannot_be_exchanged_has_no_check(reference_dir: Path):
    profiles = synthetic(reference_dir, "null")
    profiles.obs["run"] = profiles.obs["sample_id"].rank(method="dense").astype(float)
    pairs = random_pairs(list(profiles.var_names), 5)
    table = contrast(profiles, pairs, "~ condition + run", {"condition": "naive"}, relabelings=99)
    assert (table["status"] == "tested").any()
    assert table["relabel_pvalue"].isna().all()
