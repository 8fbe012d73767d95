"""Scores of samples brought together, flags, and permutations for small groups."""

import numpy as np
import pandas as pd
import pytest

from dolor.crosstalk.profiles import profiles
from dolor.crosstalk.score import score
from dolor.crosstalk.scores.across_samples import across_samples
from dolor.crosstalk.specificity.combine import combine_samples
from dolor.errors import DataError

KEYS = ["sample_id", "sender", "receiver", "interaction_id"]


def test_one_row_an_interaction_whatever_the_order_of_the_rows(cells, pairs):
    scores = score(profiles(cells, pairs), pairs)
    found = across_samples(scores)
    assert len(found) == 3 * 3 * len(pairs)
    assert (found["n_samples"] == 3).all()
    pd.testing.assert_frame_equal(across_samples(scores.iloc[::-1]), found)
    neurons = (cells.obs["cell_type"] == "neuron").sum()
    assert (found.loc[found["sender"] == "neuron", "n_sender"] == neurons).all()
    counts = cells.to_df(layer="counts")
    expected = (counts.loc[cells.obs["cell_type"] == "neuron", "G1"] > 0).mean()
    row = found[(found["interaction_id"] == "G0:G1") & (found["receiver"] == "neuron")]
    assert np.allclose(row["detect_receptor"], expected)
    assert across_samples(scores.iloc[:0]).empty


def test_every_column_is_what_its_samples_say(cells, pairs):
    """Group by group; a sample without neurons, and one without a p-value, take part in what they have."""
    scores = score(profiles(cells, pairs), pairs)
    scores = scores[(scores["sample_id"] != "s1") | ((scores["sender"] != "neuron") & (scores["receiver"] != "neuron"))]
    scores.loc[scores["sample_id"] == "s2", "pvalue"] = np.nan
    found = across_samples(scores).set_index(["dataset_id", *KEYS[1:]]).drop(columns=["ligand", "receptor"])
    assert list(found.columns) == [
        "n_samples", "score", "pvalue", "n_sender", "n_receiver", "detect_ligand", "detect_receptor"
    ]  # fmt: skip
    groups = scores.groupby(["dataset_id", *KEYS[1:]], observed=True)
    assert len(found) == groups.ngroups
    for key, rows in groups:
        row = found.loc[key]
        assert row["n_samples"] == len(rows) == (2 if "neuron" in key else 3)
        assert row["score"] == pytest.approx(rows["score"].mean())
        assert row["pvalue"] == pytest.approx(combine_samples(rows["pvalue"].to_numpy()[:, None])[0])
        for side, gene in (("sender", "ligand"), ("receiver", "receptor")):
            number, share = rows[f"n_{side}"], rows[f"detect_{gene}"]
            assert row[f"n_{side}"] == number.sum()
            assert row[f"detect_{gene}"] == pytest.approx(np.average(share, weights=number))


def test_what_is_no_table_of_scores_is_refused(cells, pairs):
    with pytest.raises(DataError, match="^the scores: .*score"):
        across_samples(score(profiles(cells, pairs), pairs).drop(columns="score"))


def test_more_samples_that_agree_make_more_sure(cells, pairs):
    scores = score(profiles(cells, pairs), pairs)
    found = across_samples(scores).set_index(["sender", "receiver", "interaction_id"])["pvalue"]
    single = scores.set_index(KEYS[1:]).sort_index().loc[("macrophage", "neuron", "G0:G1"), "pvalue"]
    assert found["macrophage", "neuron", "G0:G1"] < single.min()


def test_small_groups_are_permuted_where_cells_are_given_and_the_order_of_cells_does_not_matter(cells, pairs):
    made = profiles(cells, pairs)
    closed = score(made, pairs)
    found = score(made, pairs, cells=cells, permutations=200, seed=4)
    small = found[["n_sender", "n_receiver"]].min(axis=1) < 28
    assert small.any()
    assert (~small).any()
    assert np.array_equal(found.loc[~small, "pvalue"], closed.loc[~small, "pvalue"])
    assert np.abs(found.loc[small, "pvalue"] - closed.loc[small, "pvalue"]).mean() < 0.03
    assert found.loc[small, "pvalue"].min() >= 1 / 201
    mixed = cells[np.random.default_rng(0).permutation(cells.n_obs)].copy()
    again = score(profiles(mixed, pairs), pairs, cells=mixed, permutations=200, seed=4)
    pd.testing.assert_series_equal(again["pvalue"], found["pvalue"])


def test_cells_that_are_not_those_of_the_profiles_are_refused(cells, pairs):
    with pytest.raises(DataError, match="labelled cells in the data"):
        score(profiles(cells, pairs), pairs, cells=cells[10:].copy())


def test_a_ligand_that_leakage_explains_is_flagged_in_that_sender_only(cells, pairs):
    counts = cells.layers["counts"].tolil()
    kind = cells.obs["cell_type"].to_numpy()
    counts[:, 0] = 0
    counts[np.flatnonzero(kind == "macrophage"), 0] = 60
    counts[np.flatnonzero(kind == "neuron")[::3], 0] = 1
    cells.layers["counts"] = counts.tocsr()
    found = score(profiles(cells, pairs), pairs)
    found = found[found["interaction_id"] == "G0:G1"]
    suspect = found["flags"].str.contains("ambient_suspect")
    assert set(found.loc[suspect, "sender"]) == {"neuron"}
    assert not suspect[found["sender"] != "neuron"].any()
