"""Names from markers against transferred ones: who is compared, what counts as one name, what is said of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dolor.annotate.labels import agreement, agreement_sentence, as_populations, marker_seeds
from dolor.core.errors import DataError
from dolor.knowledge import populations

TREE = populations.tree()


def _agreement(
    named: list[str], transferred: list[str], seeds: list[bool] | None = None, taught: set[str] | None = None
) -> pd.DataFrame:
    mask = None if seeds is None else np.array(seeds)
    return agreement(pd.Series(named), pd.Series(transferred), TREE, taught or set(transferred), mask).set_index(
        "cell_type"
    )


def test_finer_and_coarser_agree_and_a_sibling_does_not() -> None:
    table = _agreement(
        ["t_cell", "cd4_t_cell", "cd4_t_cell", "cd4_t_cell"], ["cd4_t_cell", "t_cell", *["cd8_t_cell"] * 2]
    )
    assert table.loc["t_cell", "agreeing"] == 1.0
    assert table.loc["cd4_t_cell", "agreeing"] == pytest.approx(1 / 3)
    assert table.loc["cd4_t_cell", "most_other"] == "cd8_t_cell"


def test_what_the_transfer_was_taught_is_not_counted_as_its_agreement() -> None:
    table = _agreement(["b_cell"] * 4, ["b_cell", "b_cell", "t_cell", "b_cell"], [True, True, False, False])
    assert table.loc["b_cell", ["n_cells", "n_seeds", "n_compared"]].tolist() == [4, 2, 2]
    assert table.loc["b_cell", "agreeing"] == 0.5


def test_a_kind_that_the_transfer_was_never_taught_is_no_disagreement_and_is_said() -> None:
    table = _agreement(["mast_cell", "t_cell"], ["b_cell", "t_cell"], taught={"b_cell", "t_cell"})
    assert not table.loc["mast_cell", "taught"]
    assert table.loc["mast_cell", "n_compared"] == 0
    assert table.loc["mast_cell", "most_other"] == "b_cell"
    said = agreement_sentence(table.reset_index(), "scanvi")
    assert "100% of 1 cells" in said
    assert said.endswith("it does not know mast_cell")


def test_cells_that_one_of_both_does_not_name_are_counted_and_not_compared() -> None:
    table = _agreement(["unassigned", "b_cell", "b_cell"], ["t_cell", "unassigned", "b_cell"])
    assert table["n_cells"].sum() == 3
    assert table.loc["unassigned", "n_compared"] == 0
    assert np.isnan(table.loc["unassigned", "agreeing"])
    assert table.loc["unassigned", "most_other"] == "t_cell"
    assert table.loc["b_cell", ["n_compared", "agreeing"]].tolist() == [1, 1.0]


def test_the_sentence_weighs_cells_and_names_the_worst() -> None:
    table = _agreement(["b_cell"] * 8 + ["t_cell"] * 2, ["b_cell"] * 8 + ["neutrophil", "t_cell"]).reset_index()
    said = agreement_sentence(table, "scanvi")
    assert "90% of 10 cells" in said
    assert "least t_cell (50% of 2, else mostly neutrophil)" in said
    nobody = _agreement(["b_cell"], ["b_cell"], [True]).reset_index()
    assert "no cell has a name" in agreement_sentence(nobody, "scanvi")


def test_seeds_are_sure_many_and_the_finest_of_their_line() -> None:
    names = ["cd4_t_cell"] * 30 + ["t_cell"] * 30 + ["b_cell"] * 30 + ["neutrophil"] * 9 + ["unassigned"] * 30
    obs = pd.DataFrame({"cell_type": names, "cell_type_confidence": 0.95})
    obs.loc[[0, 60], "cell_type_confidence"] = 0.5
    seeds = marker_seeds(obs, 0.9, TREE)
    assert set(seeds) == {"unassigned", "cd4_t_cell", "b_cell"}
    assert seeds[0] == seeds[60] == "unassigned"
    taught = seeds != "unassigned"
    assert (seeds == names)[taught].all()
    assert 30 <= taught.sum() < 58  # a fifth is kept back
    with pytest.raises(DataError, match="lower the confidence of seeds or give a reference"):
        marker_seeds(obs, 0.99, TREE)


def test_labels_become_populations_and_what_is_none_is_counted() -> None:
    names, left_out = as_populations(pd.Series(["CD4", "b_cell", "Alien", "Alien"]), {"CD4": "cd4_t_cell"}, TREE, "f")
    assert names.tolist() == ["cd4_t_cell", "b_cell", "unassigned", "unassigned"]
    assert left_out == {"Alien": 2}
    with pytest.raises(DataError, match="none of its labels \\('Alien'\\) names a population"):
        as_populations(pd.Series(["Alien"]), {}, TREE, "f")
    with pytest.raises(DataError, match="'t_zell', which are no populations"):
        as_populations(pd.Series(["CD4"]), {"CD4": "t_zell"}, TREE, "f")
