"""Small cells beside large ones are kept, what is dropped gets a kind, and quality is told by kind."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError
from dolor.pp.quality import cell_metrics, why_dropped

IMMUNE = ["t_cell", "b_cell", "neutrophil", "macrophage"]


@pytest.fixture(scope="module")
def neurons_and_a_few() -> AnnData:
    """Mostly neurons, ten times as deep as they are simulated, and the immune cells as they are."""
    cells = dl.simulate.study("drg", seed=11, n_animals=2, cells_per_sample=250, n_genes=1200).cells
    kind = cells.obs["truth_class"].astype(str)
    single = ~(cells.obs["truth_doublet"] | cells.obs["truth_damaged"])
    cells = cells[single & kind.isin(["sensory_neuron", *IMMUNE])].copy()
    deep = np.where(cells.obs["truth_class"] == "sensory_neuron", 10, 1)
    counts = cells.layers["counts"]
    counts.data *= np.repeat(deep, np.diff(counts.indptr)).astype(counts.dtype)
    return cells


def test_rare_immune_cells_are_not_lost_to_thresholds_of_neurons(neurons_and_a_few: AnnData) -> None:
    cells = neurons_and_a_few.copy()
    dl.pp.quality(cells, mads=3)
    immune = cells.obs["truth_class"].isin(IMMUNE)
    assert (cells.obs["why_dropped"] == "low_counts")[immune].mean() <= 0.01
    # Judged by their sample alone, as is common, they would be lost.
    one_kind = np.full(cells.n_obs, "all", dtype=object)
    alone = why_dropped(
        cell_metrics(cells), cells.obs["sample_id"], one_kind, min_genes=50, mads=3, max_mito=np.ones(cells.n_obs)
    )
    assert (alone[immune.to_numpy()] == "low_counts").mean() > 0.2


def test_nuclei_may_hold_few_mitochondrial_transcripts(neurons_and_a_few: AnnData) -> None:
    cells = neurons_and_a_few.copy()
    cells.obs["suspension_type"] = "nucleus"
    kept, summary = dl.pp.quality(cells, max_mito_nuclei=0.02)
    assert kept.obs["mito_fraction"].max() <= 0.02
    assert summary["dropped"]["high_mito"] > 0
    assert {sample["suspension_type"] for sample in summary["samples"].values()} == {"nucleus"}


def test_dropped_droplets_get_the_kind_that_they_are(neurons_and_a_few: AnnData) -> None:
    dropped, kept = neurons_and_a_few[:200].copy(), neurons_and_a_few[200:].copy()
    dropped.obs["why_dropped"] = "low_counts"
    kinds = dl.pp.dropped_kinds(dropped, kept, "truth_class")
    told = kinds != "unassigned"
    assert told.mean() > 0.9
    assert (kinds == dropped.obs["truth_class"].astype(str))[told].mean() > 0.95
    table = dl.pp.quality_by_kind(kept, dropped, "truth_class").set_index("kind")
    assert table["n_dropped"].sum() == table["dropped_low_counts"].sum() == 200
    assert table["n_cells"].sum() == kept.n_obs
    with pytest.raises(DataError, match="have different genes"):
        dl.pp.dropped_kinds(dropped[:, 1:], kept, "truth_class")


def test_nothing_dropped_is_no_fault(neurons_and_a_few: AnnData) -> None:
    nothing = neurons_and_a_few[:0].copy()
    nothing.obs["why_dropped"] = ""
    table = dl.pp.quality_by_kind(neurons_and_a_few, nothing, "truth_class")
    assert table["n_dropped"].tolist() == [0] * len(table)
