"""Labels that nobody would choose and somebody will: kept as they are, apart from each other, to the last table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError

Maker = Callable[..., AnnData]

GENES = [f"Gene{i}" for i in range(30)]
PAIRS = pd.DataFrame({"interaction_id": ["one"], "ligand": ["Gene0"], "receptor": ["Gene1"]})
HOSTILE = [
    "a|b", "a/b", "a^b", "a,b", "a;b", 'say "x"', "it's", "🐭 β", "</script><script>alert(1)</script>", "=cmd()",
    "../../etc", "x" * 10_000, "  padded  ", "nan", "1e5", "line\nend",
]  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_a_label_comes_through_every_table_as_it_is(make_cells: Maker, tmp_path: Path, label: str) -> None:
    cells = make_cells(80, GENES)
    cells.obs["cell_type"] = np.where(np.arange(80) // 4 % 2 == 0, label, "neuron")
    cells = dl.read(cells, organism="mouse")
    cells.write_h5ad(tmp_path / "cells.h5ad")
    profiles = dl.tl.profiles(tmp_path / "cells.h5ad", PAIRS)
    assert set(profiles.obs["cell_type"].astype(str)) == {label, "neuron"}
    assert set(dl.tl.score(profiles, PAIRS)["sender"]) == {label, "neuron"}
    contrasts = dl.tl.contrast(profiles, PAIRS, "~ condition", {"condition": "naive"})
    assert set(contrasts["receiver"].astype(str)) == {label, "neuron"}


def test_names_that_meet_when_joined_stay_apart(make_cells: Maker) -> None:
    """Sample ``s|a`` with cell type ``b``, and sample ``s`` with cell type ``a|b``."""
    cells = make_cells(40, GENES, n_samples=2)
    for field in ("sample_id", "donor_id"):
        cells.obs[field] = np.where(cells.obs["sample_id"] == "s0", "s|a", "s")
    cells.obs["cell_type"] = np.where(cells.obs["sample_id"] == "s", "a|b", "b")
    profiles = dl.tl.profiles(cells, PAIRS)
    assert profiles.obs_names.is_unique
    assert len(dl.tl.score(profiles, PAIRS)) == 2


@pytest.mark.parametrize(("value", "said"), [(None, "empty for 10 of 40"), ("", "empty for 10 of 40")])
def test_cells_without_a_label_are_refused_with_their_number(make_cells: Maker, value: object, said: str) -> None:
    cells = make_cells(40, GENES)
    cells.obs["cell_type"] = pd.Series(np.where(cells.obs["sample_id"] == "s0", value, "neuron"), cells.obs_names)
    with pytest.raises(DataError, match=rf"obs\['cell_type'\] is missing or {said} cells; label them 'unassigned'"):
        dl.tl.profiles(cells, PAIRS)


def test_categories_that_no_cell_has_make_no_rows(make_cells: Maker) -> None:
    cells = make_cells(40, GENES)
    cells.obs["cell_type"] = pd.Categorical(["neuron"] * 40, ["ghost", "neuron"])
    cells.obs["sample_id"] = cells.obs["sample_id"].astype(pd.CategoricalDtype(["s0", "s1", "s2", "s3", "s99"]))
    profiles = dl.tl.profiles(cells, PAIRS)
    assert profiles.n_obs == 4
    assert set(dl.tl.score(profiles, PAIRS)["sender"]) == {"neuron"}


def test_small_groups_are_flagged_and_kept(make_cells: Maker) -> None:
    cells = make_cells(80, GENES)
    cells.obs["cell_type"] = ["rare"] * 4 + ["neuron"] * 76
    scores = dl.tl.score(dl.tl.profiles(cells, PAIRS), PAIRS)
    rare = (scores["sender"] == "rare") | (scores["receiver"] == "rare")
    assert rare.any()
    assert scores["flags"].str.contains("few_cells").equals(rare)


def test_a_column_of_mixed_types_is_read_as_its_words(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells(40, GENES)
    cells.obs["donor_id"] = [{"s0": 1, "s1": "one", "s2": 2.5, "s3": "d"}[name] for name in cells.obs["sample_id"]]
    cells.obs["note"] = np.array([1, "one", None, 2.5] * 10, dtype=object)
    read = dl.read(cells, organism="mouse")
    read.write_h5ad(tmp_path / "cells.h5ad")
    assert set(dl.read(tmp_path / "cells.h5ad").obs["note"].dropna()) == {"1", "one", "2.5"}
    assert set(read.obs["donor_id"].astype(str)) == {"1", "one", "2.5", "d"}


def test_a_donor_of_two_sexes_is_refused(make_cells: Maker) -> None:
    cells = make_cells(40, GENES)
    cells.obs["donor_id"] = "one_mouse"
    with pytest.raises(DataError, match=r"donor 'one_mouse' has more than one sex \('female', 'male'\)"):
        dl.read(cells, organism="mouse")
