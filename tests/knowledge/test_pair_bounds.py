"""Own pairs that name their cells have rows for these alone."""

from __future__ import annotations

import pandas as pd
import pytest

import dolor as dl
from dolor.knowledge.pairs import within_bounds

LABELS = ["macrophage", "inflammatory_macrophage", "immune", "t_cell", "sensory_neuron"]


@pytest.fixture
def rows() -> pd.DataFrame:
    pairs = [(one, two, name) for name in ("bound", "free") for one in LABELS for two in LABELS]
    return pd.DataFrame(pairs, columns=["sender", "receiver", "interaction_id"]).astype("category")


def test_a_population_stands_for_what_it_contains_and_what_contains_it(rows: pd.DataFrame) -> None:
    pairs = pd.DataFrame(
        {"interaction_id": ["free", "bound"], "source_cell": ["", "macrophage"], "target_cell": ["", "sensory_neuron"]}
    )
    found = within_bounds(rows, pairs)
    bound = found[found["interaction_id"] == "bound"]
    assert sorted(bound["sender"]) == ["immune", "inflammatory_macrophage", "macrophage"]
    assert set(bound["receiver"]) == {"sensory_neuron"}
    assert (found["interaction_id"] == "free").sum() == 25


def test_labels_of_the_users_own_and_lists_of_them(rows: pd.DataFrame) -> None:
    pairs = pd.DataFrame({"interaction_id": ["bound", "free"], "source_cell": ["t_cell; mine", ""], "target_cell": ""})
    own = rows.assign(sender=rows["sender"].astype(str).replace("immune", "mine"))
    found = within_bounds(own, pairs)
    assert set(found.loc[found["interaction_id"] == "bound", "sender"]) == {"t_cell", "mine"}


def test_without_bounds_the_table_is_the_same_object(rows: pd.DataFrame) -> None:
    assert within_bounds(rows, pd.DataFrame({"interaction_id": ["bound", "free"]})) is rows
    assert within_bounds(rows, pd.DataFrame({"interaction_id": ["bound", "free"], "source_cell": ["", ""]})) is rows


def test_scores_and_contrasts_keep_to_the_bounds_of_a_file(tmp_path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("ligand\treceptor\tsource_cell\ttarget_cell\nIl1b\tIl1r1\tmacrophage\tsensory_neuron\n")
    pairs = dl.catalog.interactions("mouse", pairs=file, merge=False)
    cells = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=80).cells
    cells.obs["cell_type"] = cells.obs["truth_class"]
    profiles = dl.tl.profiles(cells, pairs)
    for table in (dl.tl.score(profiles, pairs), dl.tl.contrast(profiles, pairs, reference={"condition": "naive"})):
        assert len(table)
        assert set(table["sender"].astype(str)) == {"macrophage"}
        assert set(table["receiver"].astype(str)) == {"sensory_neuron"}
