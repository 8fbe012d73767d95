"""Ligands and receptors are tested once, and pairs are joined from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl

REFERENCE = {"condition": "naive", "sex": "male"}
KEY = ["contrast_type", "case", "reference", "stratum"]


@pytest.fixture(scope="module")
def study() -> tuple[AnnData, pd.DataFrame]:
    """Profiles by class of a simulated ganglion, three animals an arm, and some pairs."""
    cells = dl.simulate.study("drg", seed=11, n_animals=3, cells_per_sample=200).cells
    cells.obs["cell_type"] = cells.obs["truth_class"]
    pairs = dl.catalog.interactions("mouse").head(60)
    return dl.tl.profiles(cells, pairs), pairs


@pytest.fixture(scope="module")
def pair_rows(study: tuple[AnnData, pd.DataFrame]) -> pd.DataFrame:
    return _as_text(dl.tl.contrast(*study, "~ condition * sex", REFERENCE))


@pytest.fixture(scope="module")
def units(study: tuple[AnnData, pd.DataFrame]) -> pd.DataFrame:
    return _as_text(dl.tl.unit_changes(*study, "~ condition * sex", REFERENCE))


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({name: str for name in table.columns if table[name].dtype == "category"})


def _with_ends(pair_rows: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    columns = ["effect", "pvalue", "qvalue", "presence"]
    for end, population in (("ligand", "sender"), ("receptor", "receiver")):
        one = units[[*KEY, "population", "unit", *columns]].rename(columns={"population": population, "unit": end})
        pair_rows = pair_rows.merge(one, on=[*KEY, population, end], suffixes=("", f"_of_{end}"), validate="m:1")
    return pair_rows


def test_a_unit_has_one_row_per_comparison_and_population(units: pd.DataFrame) -> None:
    assert not units.duplicated([*KEY, "population", "unit"]).any()
    assert (units["status"] == "tested").any()
    assert (units["presence"] == "absent").any()


def test_a_pair_is_tested_only_where_both_ends_are_there(pair_rows: pd.DataFrame) -> None:
    tested = pair_rows[pair_rows["status"] == "tested"]
    assert len(tested) > 50
    assert set(tested["present_ligand"]) <= {"present", "unknown"}
    assert set(tested["present_receptor"]) <= {"present", "unknown"}
    absent = pair_rows[pair_rows["status"] == "absent"]
    assert absent[["pvalue", "qvalue"]].isna().all().all()
    assert set(absent["reason_code"]) <= {"ligand_absent", "receptor_absent", "both_absent", "not_together"}


def test_pairs_take_twice_the_smaller_p_of_their_ends_and_the_smaller_q(
    pair_rows: pd.DataFrame, units: pd.DataFrame
) -> None:
    both = _with_ends(pair_rows, units)
    assert len(both) == len(pair_rows)
    tested = both[both["status"] == "tested"]
    of_ends = tested[["pvalue_of_ligand", "pvalue_of_receptor"]].min(axis=1)
    np.testing.assert_allclose(tested["pvalue"], np.minimum(2 * of_ends, 1.0), rtol=1e-9)
    of_ends = tested[["qvalue_of_ligand", "qvalue_of_receptor"]].min(axis=1)
    np.testing.assert_allclose(tested["qvalue"], of_ends, rtol=1e-9)
    np.testing.assert_allclose(tested["effect_ligand"], tested["effect_of_ligand"], rtol=1e-9)


def test_the_changed_side_is_the_end_below_the_level(pair_rows: pd.DataFrame, units: pd.DataFrame) -> None:
    both = _with_ends(pair_rows, units)
    tested = both[both["status"] == "tested"]
    ligand, receptor = (tested[f"qvalue_of_{end}"] < 0.05 for end in ("ligand", "receptor"))
    side = np.select([ligand & receptor, ligand, receptor], ["both", "ligand", "receptor"], default="none")
    assert (tested["changed_side"] == side).all()
    assert set(side) >= {"none", "ligand"}


def test_the_order_of_profiles_and_pairs_changes_nothing(
    study: tuple[AnnData, pd.DataFrame], units: pd.DataFrame
) -> None:
    profiles, pairs = study
    random = np.random.default_rng(0)
    mixed = profiles[random.permutation(profiles.n_obs), random.permutation(profiles.n_vars)].copy()
    again = _as_text(dl.tl.unit_changes(mixed, pairs.sample(frac=1, random_state=1), "~ condition * sex", REFERENCE))
    key = [*KEY, "population", "unit"]
    one, two = (table.set_index(key).sort_index() for table in (units, again))
    assert (one["status"] == two["status"]).all()
    for name in ("effect", "pvalue", "qvalue"):
        np.testing.assert_allclose(one[name], two[name], rtol=1e-5, atol=1e-7, equal_nan=True)


def test_another_reference_turns_every_sign(study: tuple[AnnData, pd.DataFrame]) -> None:
    one = dl.tl.unit_changes(*study, "~ condition", {"condition": "naive"})
    two = dl.tl.unit_changes(*study, "~ condition", {"condition": "injured"})
    both = one.merge(two, on=["population", "unit"], suffixes=("", "_turned"))
    tested = both[both["status"] == "tested"]
    assert len(tested) > 10
    np.testing.assert_allclose(tested["effect"], -tested["effect_turned"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(tested["pvalue"], tested["pvalue_turned"], rtol=1e-5, atol=1e-9)
