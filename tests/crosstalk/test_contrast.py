from __future__ import annotations

import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from dolor.contrasts.contrast import contrast
from dolor.contrasts.unit_changes import unit_changes
from dolor.core.errors import DataError, DesignError
from dolor.core.tables import CONTRAST_TYPES, CONTRASTS, check

sys.path.insert(0, str(Path(__file__).parent))
from pseudobulk import profiles_of, random_pairs, synthetic

REFERENCE = {"condition": "naive", "sex": "male"}
GENES = ["L1", "L2", "R1", "R2", *(f"G{i}" for i in range(36))]
PAIRS = pd.DataFrame({
    "interaction_id": ["L1:R1", "L2:R2", "L1|L2:R1+R2", "X:R1"],
    "ligand": ["L1", "L2", "L1|L2", "X"],
    "receptor": ["R1", "R2", "R1+R2", "R1"],
    "ligand_proxy": ["", "enzyme", "", ""],
})  # fmt: skip
KEY = ["contrast_type", "stratum", "sender", "receiver", "interaction_id"]


def study(per_group: int = 3, sexes: tuple[str, ...] = ("female", "male"), seed: int = 0, up: float = 3.0):
    """A small study: macrophages and neurons; injury raises L1 in macrophages of both sexes by a factor."""
    rng = np.random.default_rng(seed)
    counts, cells = [], []
    level = np.linspace(2, 8, len(GENES))
    for condition in ("naive", "injured"):
        for sex in sexes:
            for animal in range(per_group):
                for cell_type in ("macrophage", "neuron"):
                    mean = level * rng.lognormal(0, 0.2, len(GENES))
                    if condition == "injured" and cell_type == "macrophage":
                        mean[0] *= up
                    counts.append(rng.poisson(mean, size=(20, len(GENES))))
                    row = {"sample_id": f"{condition}_{sex}_{animal}", "cell_type": cell_type}
                    cells += [row | {"condition": condition, "sex": sex}] * 20
    return np.vstack(counts), pd.DataFrame(cells)


def toy(**options) -> anndata.AnnData:
    counts, cells = study(**options)
    return profiles_of(sparse.csr_matrix(counts), cells, GENES)


def row(table: pd.DataFrame, contrast_type: str, interaction: str = "L1:R1", stratum: str = "") -> pd.Series:
    chosen = table[
        (table["contrast_type"] == contrast_type) & (table["interaction_id"] == interaction)
        & (table["stratum"] == stratum) & (table["sender"] == "macrophage") & (table["receiver"] == "neuron")
    ]  # fmt: skip
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_all_five_types_with_the_columns_of_the_contract():
    table = contrast(toy(), PAIRS, reference=REFERENCE)
    always = {"infiltration_se", "per_cell_se", "reason_code", "changed_side", "present_ligand", "present_receptor"}
    always |= {f"{name}_{end}" for name in ("effect", "se") for end in ("ligand", "receptor")}
    assert set(check(table, CONTRASTS).columns) == set(CONTRASTS.columns) | always
    assert set(table["contrast_type"]) == set(CONTRAST_TYPES)
    assert set(table["case"]) == {"injured", "female", "injured:female"}
    assert len(table) == 7 * 4 * len(PAIRS)


def test_a_planted_change_is_found_where_it_was_planted():
    table = contrast(toy(), PAIRS, reference=REFERENCE)
    changed = row(table, "condition")
    assert changed["effect"] == pytest.approx(np.log2(3) / 2, abs=0.3)
    assert changed["qvalue"] < 0.01
    assert changed["driver"] == "per_cell"
    assert abs(changed["per_cell"]) > 2 * changed["per_cell_se"]
    assert abs(changed["infiltration"]) <= 2 * changed["infiltration_se"] + 1e-9
    assert row(table, "interaction")["pvalue"] > 0.05
    assert row(table, "condition", "L2:R2")["pvalue"] > 0.05


def test_unmeasured_gene_is_untestable_and_says_which():
    found = row(contrast(toy(), PAIRS, reference=REFERENCE), "condition", "X:R1")
    assert (found["status"], found["reason_code"]) == ("untestable", "not_measured")
    assert "X" in found["reason"]
    assert np.isnan(found["effect"])


def test_flags_name_the_proxy():
    flags = row(contrast(toy(), PAIRS, reference=REFERENCE), "condition", "L2:R2")["flags"]
    # With so few genes and populations, leakage cannot be estimated either.
    assert set(flags.split(";")) == {"proxy", "leakage_unknown"}


def test_one_sample_a_group_is_described_not_tested():
    table = contrast(toy(per_group=1), PAIRS, reference=REFERENCE)
    found = row(table, "condition_in_sex", stratum="female")
    assert found["status"] == "described"
    assert np.isfinite(found["effect"])
    assert np.isnan(found["pvalue"])
    assert found["reason_code"] == "few_samples"
    assert "1 injured female" in found["reason"]


def test_missing_cell_type_is_missing_and_not_zero():
    profiles = toy()
    lost = (profiles.obs["sample_id"].str.startswith("injured_female")) & (profiles.obs["cell_type"] == "neuron")
    table = contrast(profiles[~lost.to_numpy()].copy(), PAIRS, reference=REFERENCE)
    found = row(table, "condition_in_sex", stratum="female")
    # The ligand is tested in its sender; nothing is said of a receptor whose cells are missing.
    assert (found["status"], found["n_case"]) == ("tested", 0)
    assert np.isnan(found["effect_receptor"])
    assert np.isfinite(found["effect_ligand"])
    assert found["changed_side"] in ("ligand", "none")
    assert row(table, "condition_in_sex", stratum="male")["status"] == "tested"


def test_swapping_conditions_and_sexes_flips_every_sign_exactly():
    profiles = toy()
    there = contrast(profiles, PAIRS, reference=REFERENCE).astype(dict.fromkeys(KEY, str))
    back = contrast(profiles, PAIRS, reference={"condition": "injured", "sex": "male"}).astype(dict.fromkeys(KEY, str))
    both = there.merge(back, on=KEY, suffixes=("", "_back"))
    flipped = both[both["contrast_type"].isin(["condition", "condition_in_sex", "interaction"])].dropna(
        subset=["effect"]
    )
    assert len(flipped)
    assert (flipped["effect"] == -flipped["effect_back"]).all()
    assert (flipped["pvalue"] == flipped["pvalue_back"]).all()


def test_order_of_rows_and_genes_changes_nothing():
    profiles = toy()
    rng = np.random.default_rng(1)
    shuffled = profiles[rng.permutation(profiles.n_obs), rng.permutation(profiles.n_vars)].copy()
    pd.testing.assert_frame_equal(
        contrast(profiles, PAIRS, reference=REFERENCE), contrast(shuffled, PAIRS, reference=REFERENCE)
    )


def test_duplicating_every_cell_does_not_shrink_p():
    counts, cells = study()
    once = contrast(profiles_of(sparse.csr_matrix(counts), cells, GENES), PAIRS, reference=REFERENCE)
    twice = contrast(
        profiles_of(sparse.csr_matrix(np.vstack([counts] * 2)), pd.concat([cells] * 2), GENES),
        PAIRS,
        reference=REFERENCE,
    )
    both = once["pvalue"].notna().to_numpy()
    assert (both == twice["pvalue"].notna().to_numpy()).all()
    # Counting noise is not halved, so the dispersion is estimated a little differently; certainty does not double.
    change = np.log10(twice["pvalue"].to_numpy()[both] / once["pvalue"].to_numpy()[both])
    assert abs(np.median(change)) < 0.02
    assert np.abs(change).max() < 0.2


def test_libraries_of_one_donor_are_one_replicate():
    profiles = toy()
    profiles.obs["donor_id"] = profiles.obs["sample_id"].str.replace("naive_male_[01]", "one_mouse", regex=True)
    assert row(contrast(profiles, PAIRS, reference=REFERENCE), "condition_in_sex", stratum="male")["n_reference"] == 2


def test_one_sex_still_tests_condition_and_says_why_not_sex():
    table = contrast(toy(sexes=("male",)), PAIRS, reference=REFERENCE)
    assert row(table, "condition")["status"] == "tested"
    assert row(table, "condition_in_sex", stratum="male")["status"] == "tested"
    assert row(table, "sex")["reason"] == "all samples of known sex are male"
    assert row(table, "interaction")["status"] == "untestable"


def test_samples_of_unknown_sex_count_for_condition_only():
    profiles = toy(per_group=4)
    unknown = profiles.obs["sample_id"].isin(["naive_male_0", "injured_male_0"])
    profiles.obs["sex"] = np.where(unknown, "unknown", profiles.obs["sex"])
    table = contrast(profiles, PAIRS, reference=REFERENCE)
    assert row(table, "condition")["n_case"] == 8
    sex = row(table, "sex")
    assert (sex["n_case"], sex["n_reference"]) == (8, 6)
    assert "2 sample(s) of mixed or unknown sex left out" in sex["reason"]
    assert "sex_unconfirmed" in sex["flags"]


@pytest.mark.parametrize(
    ("column", "formula"),
    [("batch", "~ condition * sex + batch"), ("sex", "~ condition + sex"), ("sex", "~ condition * sex")],
)
def test_confounded_designs_are_refused_and_named(column: str, formula: str):
    profiles = toy()
    codes = {"naive": "male", "injured": "female"} if column == "sex" else {"naive": "b1", "injured": "b2"}
    profiles.obs[column] = profiles.obs["condition"].map(codes)
    with pytest.raises(DesignError, match="condition") as refused:
        contrast(profiles, PAIRS, formula, REFERENCE)
    assert column in str(refused.value)


def test_bad_input_says_what_is_wrong():
    with pytest.raises(DesignError, match="reference condition 'sham' is not among .*injured, naive"):
        contrast(toy(), PAIRS, reference={"condition": "sham"})
    with pytest.raises(DataError, match="lack the column.* receptor"):
        contrast(toy(), PAIRS.drop(columns="receptor"), reference=REFERENCE)


def test_nothing_to_compare_is_said():
    with pytest.raises(DataError, match="table of ligand-receptor pairs has no rows"):
        contrast(toy(), PAIRS.iloc[:0], reference=REFERENCE)
    blank = toy()
    blank.obs["cell_type"] = "unassigned"
    blank = blank[~blank.obs["sample_id"].duplicated().to_numpy()].copy()
    with pytest.raises(DataError, match="all cells are unassigned"):
        contrast(blank, PAIRS, reference=REFERENCE)


def test_genes_that_nobody_detects_are_untestable():
    empty = toy()
    empty.X[:] = 0
    empty.layers["psbulk_props"][:] = 0
    empty.obs["n_counts"] = 0
    found = contrast(empty, PAIRS, reference=REFERENCE)
    assert set(found["status"]) <= {"untestable", "absent"}
    assert found[["pvalue", "qvalue"]].isna().all().all()


def test_data_sets_are_tested_apart():
    other = toy(seed=4)
    other.obs["dataset_id"] = "other"
    other.obs_names = other.obs_names + "_other"
    for name in ("sample_id", "donor_id"):
        other.obs[name] = other.obs[name].astype(str) + "_other"
    both = contrast(anndata.concat([toy(), other]), PAIRS, reference=REFERENCE)
    alone = contrast(toy(), PAIRS, reference=REFERENCE)
    np.testing.assert_array_equal(both.loc[both["dataset_id"] == "toy", "pvalue"], alone["pvalue"])


def test_null_study_is_called_as_often_as_the_level_says(reference_dir: Path):
    profiles = synthetic(reference_dir, "null")
    table = contrast(profiles, random_pairs(list(profiles.var_names), 1000), reference=REFERENCE)
    tested = table[table["status"] == "tested"]
    shares = (tested["pvalue"] < 0.05).groupby([tested["contrast_type"], tested["stratum"]], observed=True).mean()
    assert len(shares) == 7
    assert shares.between(0.04, 0.06).all(), shares
    assert not (tested["qvalue"] < 0.05).any()


def test_shuffled_labels_are_called_as_often_as_the_level_says_and_discover_nothing(reference_dir: Path):
    profiles = synthetic(reference_dir, "null")
    pairs = random_pairs(list(profiles.var_names), 400, seed=5)
    samples = profiles.obs.drop_duplicates("sample_id").set_index("sample_id")[["condition", "sex"]]
    shares, discoveries = [], []
    for seed in range(8):
        shuffled = samples.sample(frac=1, random_state=seed).set_axis(samples.index)
        for name in ("condition", "sex"):
            profiles.obs[name] = profiles.obs["sample_id"].map(shuffled[name])
        table = contrast(profiles, pairs, reference=REFERENCE)
        tested = table[table["status"] == "tested"]
        kind = [tested["contrast_type"], tested["stratum"]]
        shares.append((tested["pvalue"] < 0.05).groupby(kind, observed=True).mean())
        discoveries.append((tested["qvalue"] < 0.05).groupby(kind, observed=True).any())
    assert pd.concat(shares, axis=1).mean(axis=1).between(0.04, 0.06).all()
    assert np.mean(discoveries) < 0.15


def test_called_units_are_true_and_the_others_keep_the_level(reference_dir: Path):
    """A unit is called wrongly if its gene is not among those that were changed, in any cell type."""
    profiles = synthetic(reference_dir, "signal")
    true = set((reference_dir / "synthetic" / "signal_true_genes.txt").read_text().split())
    false = {0.05: [], 0.1: []}
    for seed in range(3):
        pairs = random_pairs(list(profiles.var_names), 1000, seed)
        table = unit_changes(profiles, pairs, reference=REFERENCE)
        table = table[(table["contrast_type"] == "condition") & (table["status"] == "tested")]
        null = ~table["unit"].isin(true)
        assert 0.04 < (table.loc[null, "pvalue"] < 0.05).mean() < 0.065
        for level, shares in false.items():
            called = table["qvalue"] < level
            assert called.sum() > 50
            shares.append((called & null).sum() / called.sum())
    assert np.mean(false[0.05]) < 0.075
    assert np.mean(false[0.1]) < 0.13


def test_more_than_two_conditions_have_an_omnibus_test_and_a_trend():
    counts, cells = study(per_group=4)
    later = cells["sample_id"].str.contains("injured") & cells["sample_id"].str.endswith(("_2", "_3"))
    cells["condition"] = np.where(later, "healed", cells["condition"])
    profiles = profiles_of(sparse.csr_matrix(counts), cells, GENES)
    axis = {"naive": 0.0, "injured": 3.0, "healed": 14.0}
    table = contrast(profiles, PAIRS, "~ condition", REFERENCE, ordered=axis)
    assert set(table["case"]) == {"healed", "injured", "trend:naive<injured<healed"}
    first = table[(table["sender"] == "macrophage") & (table["interaction_id"] == "L1:R1")]
    assert (first.loc[~first["case"].astype(str).str.startswith("trend"), "omnibus_pvalue"] < 0.001).all()
    quiet = table[(table["sender"] == "neuron") & (table["interaction_id"] == "L1:R1")]
    assert quiet["omnibus_pvalue"].min() > 0.01
    assert table["omnibus_pvalue"].isna().any()


def donors_in_both_conditions(seed: int) -> anndata.AnnData:
    """Nothing changes; ten donors differ much, and each gives a sample of either condition."""
    rng = np.random.default_rng(seed)
    genes = [f"G{i}" for i in range(600)]
    level = rng.lognormal(1, 1, 600)
    counts, cells = [], []
    for donor in range(10):
        own = {cell_type: rng.normal(0, 0.35, 600) for cell_type in ("macrophage", "neuron")}
        for condition in ("naive", "injured"):
            for cell_type, differs in own.items():
                counts.append(rng.poisson(level * np.exp(differs + rng.normal(0, 0.2, 600)), (15, 600)))
                row = {"sample_id": f"{condition}{donor}", "donor_id": f"d{donor}", "condition": condition}
                cells += [row | {"sex": ("female", "male")[donor % 2], "cell_type": cell_type}] * 15
    return profiles_of(sparse.csr_matrix(np.vstack(counts)), pd.DataFrame(cells), genes)


def test_repeated_donors_keep_the_level_within_and_between_them():
    shares = []
    for seed in range(6):
        profiles = donors_in_both_conditions(seed)
        table = contrast(profiles, random_pairs(list(profiles.var_names), 300, seed), reference=REFERENCE)
        kind = [table["contrast_type"], table["stratum"]]
        shares.append((table["pvalue"] < 0.05).groupby(kind, observed=True).mean())
    mean = pd.concat(shares, axis=1).mean(axis=1)
    assert len(mean) == 7
    assert mean.between(0.03, 0.07).all(), mean
