"""The table of scores, from cells to rows."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from dolor.core.errors import DataError, UsageError
from dolor.core.tables import INTERACTIONS, check
from dolor.pseudobulk.profiles import profiles
from dolor.scores.score import score

KEYS = ["sample_id", "sender", "receiver", "interaction_id"]


@pytest.fixture
def table(cells, pairs):
    return score(profiles(cells, pairs), pairs)


def test_every_pair_of_cell_types_of_every_sample_has_a_row_and_unassigned_has_none(table, pairs):
    assert check(table, INTERACTIONS).shape[0] == 3 * 3 * 3 * len(pairs)
    assert not {"unassigned"} & ({*table["sender"]} | {*table["receiver"]})
    assert not table.duplicated(KEYS).any()
    assert table["pvalue"].between(0, 1, inclusive="right").all()


def test_the_score_is_the_log2_geometric_mean_of_pseudobulk_expression(cells, table):
    row = table.set_index(KEYS).loc[("s1", "macrophage", "neuron", "G2:G3+G4")]
    counts = cells.to_df(layer="counts")

    def expression(kind, gene):
        group = counts[(cells.obs["sample_id"] == "s1") & (cells.obs["cell_type"] == kind)]
        return group[gene].sum() / group.to_numpy().sum() * 1e4

    receptor = min(expression("neuron", "G3"), expression("neuron", "G4"))
    expected = (np.log2(expression("macrophage", "G2") + 0.5) + np.log2(receptor + 0.5)) / 2
    assert row["score"] == pytest.approx(expected)


def test_a_file_of_cells_is_scored_as_its_profiles_are(cells, pairs, tmp_path):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    made = profiles(cells, pairs, trimean=False)
    pd.testing.assert_frame_equal(score(tmp_path / "cells.h5ad", pairs), score(made, pairs))


def test_a_file_is_scored_without_importing_what_takes_long(cells, pairs, tmp_path):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    pairs.iloc[:1].to_csv(tmp_path / "pairs.csv", index=False)
    code = (
        "import sys, pandas as pd; from dolor.scores.score import score; "
        "score('cells.h5ad', pd.read_csv('pairs.csv', keep_default_na=False), methods=['lr_means']); "
        "print(sorted({'anndata', 'scipy.sparse', 'scipy.special', 'scanpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_cell_type_that_a_sample_lacks_is_missing_not_zero(cells, pairs):
    fewer = cells[~((cells.obs["sample_id"] == "s1") & (cells.obs["cell_type"] == "neuron"))].copy()
    found = score(profiles(fewer, pairs), pairs)
    in_sample = found[found["sample_id"] == "s1"]
    assert set(in_sample["sender"]) == {"macrophage", "satellite_glia"}
    assert "neuron" in set(found["sender"])


def test_an_interaction_that_was_not_measured_is_reported_with_its_genes(cells, pairs):
    more = pd.concat([pairs, pd.DataFrame({"interaction_id": ["Z"], "ligand": ["G0"], "receptor": ["G1+Zz"]})])
    more = more.fillna("").reset_index(drop=True)
    found = score(profiles(cells, more), more)
    assert found.attrs["unmeasured"] == {"Z": ["Zz"]}
    assert "Z" not in set(found["interaction_id"])


def test_flags_name_proxies_low_detection_and_few_cells(cells, pairs):
    few = cells.obs["cell_type"] == "satellite_glia"
    keep = ~few | (few.groupby(cells.obs["sample_id"]).cumsum() <= 4)
    found = score(profiles(cells[keep.to_numpy()].copy(), pairs), pairs)
    glia = (found["sender"] == "satellite_glia") | (found["receiver"] == "satellite_glia")
    assert found["flags"].str.contains("few_cells").equals(glia)
    assert found["flags"].str.contains("proxy").equals(found["interaction_id"] == "G5|G6+G7:G8")
    low = found[["detect_ligand", "detect_receptor"]].min(axis=1) < 0.1
    assert found["flags"].str.contains("low_detection").equals(low)


def test_ten_cells_are_not_few_and_pairs_without_a_column_of_proxies_have_none(cells, pairs):
    glia = (cells.obs["cell_type"] == "satellite_glia").to_numpy()
    rank = np.cumsum(glia & (cells.obs["sample_id"] == "s0").to_numpy())
    for number, few in ((10, False), (9, True)):
        kept = cells[~glia | ((cells.obs["sample_id"] == "s0").to_numpy() & (rank <= number))].copy()
        flags = score(profiles(kept, pairs), pairs.drop(columns="ligand_proxy"))["flags"].astype(str)
        assert flags.str.contains("few_cells").any() == few
        assert not flags.str.contains("proxy").any()


def suspects(found, sample):
    rows = found[(found["sample_id"] == sample) & found["flags"].str.contains("ambient_suspect")]
    return set(zip(rows["sender"].astype(str), rows["interaction_id"].astype(str), strict=True))


def test_a_ligand_of_which_leakage_explains_half_is_suspect(cells, pairs):
    counts = cells.layers["counts"].toarray()
    counts[(cells.obs["cell_type"] == "satellite_glia").to_numpy(), 9] = 0
    cells.layers["counts"] = sparse.csr_matrix(counts)
    made = profiles(cells, pairs)
    leaked = pd.DataFrame(
        [("s1", "macrophage", "G2", 0.5), ("s1", "neuron", "G2", 0.49), ("s1", "neuron", "G6", 1.0),
         ("s1", "satellite_glia", "G0", 1.0), ("s1", "stranger", "G9", 1.0), ("s1", "neuron", "unknown", 1.0),
         ("s1", "satellite_glia", "G9", 1.0)],
        columns=["sample_id", "population", "gene", "ambient_share"],
    )  # fmt: skip
    found = score(made, pairs, ambient=leaked)
    # G5, a marker of neurons, holds more of G5|G6+G7 than the alternative that leaked.
    assert suspects(found, "s1") == {("macrophage", "G2:G3+G4"), ("satellite_glia", "G0:G1")}
    assert suspects(found, "s2") == suspects(score(made, pairs), "s2")


def test_without_an_estimate_a_ligand_is_suspect_up_to_a_tenth_of_its_level_in_the_sample(cells, pairs):
    counts = cells.layers["counts"].toarray()
    neurons = (cells.obs["cell_type"] == "neuron").to_numpy()
    counts[neurons, 0] = 0
    counts[np.flatnonzero(neurons & (cells.obs["sample_id"] == "s0").to_numpy())[0], 0] = 1
    cells.layers["counts"] = sparse.csr_matrix(counts)
    found = score(profiles(cells, pairs), pairs)
    assert suspects(found, "s0") == {("neuron", "G0:G1")}
    assert suspects(found, "s1") == set()


def test_markers_of_sender_and_receiver_are_found_specific(table):
    best = table[(table["sender"] == "macrophage") & (table["receiver"] == "neuron")]
    assert (best.loc[best["interaction_id"] == "G0:G1", "pvalue"] < 0.001).all()
    worst = table[(table["sender"] == "neuron") & (table["receiver"] == "macrophage")]
    assert (worst.loc[worst["interaction_id"] == "G0:G1", "pvalue"] > 0.9).all()


def test_the_table_does_not_depend_on_the_order_of_cells_or_interactions(cells, table, pairs):
    random = np.random.default_rng(3)
    mixed = cells[random.permutation(cells.n_obs)].copy()
    turned = pairs.iloc[::-1].reset_index(drop=True)
    found = score(profiles(mixed, turned), turned)
    expected = table.sort_values(KEYS, ignore_index=True)
    pd.testing.assert_frame_equal(found.sort_values(KEYS, ignore_index=True), expected, rtol=1e-9)


def test_bad_interactions_are_refused(cells, pairs):
    made = profiles(cells, pairs)
    with pytest.raises(DataError, match=r"lack the column\(s\) receptor"):
        score(made, pairs.drop(columns="receptor"))
    with pytest.raises(DataError, match="'G0:G1' more than once"):
        score(made, pd.concat([pairs, pairs]))
    other = pairs.assign(receptor=pairs["ligand"].iloc[::-1].to_numpy())
    with pytest.raises(DataError, match="lack the cross moments"):
        score(made, other)
    with pytest.raises(DataError, match="no cross moments"):
        score(profiles(cells), pairs)


def test_alternatives_may_share_a_subunit(cells):
    """As the two receptors of OSM, IL6ST+OSMR and IL6ST+LIFR."""
    shared = pd.DataFrame({"interaction_id": ["one"], "ligand": ["G0"], "receptor": ["G1+G3|G1+G4"]})
    found = score(profiles(cells, shared), shared)
    assert found["pvalue"].between(0, 1, inclusive="right").all()
    specific = found[(found["sender"] == "macrophage") & (found["receiver"] == "neuron")]
    assert (specific["pvalue"] < found["pvalue"].median()).all()


def test_methods_can_be_chosen(cells, pairs, table):
    made = profiles(cells, pairs)
    found = score(made, pairs, methods=["lr_means"])
    assert "expr_prod" not in found
    assert "magnitude_rank" not in found
    pd.testing.assert_frame_equal(found, table[found.columns])
    with pytest.raises(UsageError, match="methods: fame is not known; choose among lr_means"):
        score(made, pairs, methods=["fame"])
