"""Names of real cells other than blood: a panel of neurons, a panel of nuclei, a liver; holds what was reached.

None of it is an independent test: thresholds were chosen with these cells in sight.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dolor as dl
from dolor.annotate.evaluate import read_mapping
from dolor.core.package_files import signature_path
from dolor.knowledge import populations
from dolor.studies.read import read_study


@pytest.mark.parametrize("left_out", ["", "yu_2024"])
def test_neurons_of_a_panel_get_their_large_group_or_a_broader_name(data_dir: Path, left_out: str) -> None:
    cells, _, _ = read_study("yu2024_xenium", path=data_dir / "yu2024_human_drg_xenium.h5ad")
    dl.tl.annotate(cells, compartment="drg", known=populations.load(without_source=left_out))
    mapping = read_mapping(signature_path("labels/yu2024_xenium.tsv"))
    groups = {name: label for label, names in mapping.items() for name in names.split("|")}
    group = cells.obs["cell_type"].astype(str).map(groups)
    given = cells.obs["large_group"].astype(str)
    assert (group == given)[group.notna()].mean() >= 0.85
    assert group.notna().mean() >= 0.4
    assert cells.obs["cell_class"].astype(str).isin(["sensory_neuron", "unassigned"]).all()
    assert {"glia", "macrophage"} <= set(cells.uns["annotation_limits"]["population"])


def test_microglia_are_found_on_a_panel_of_few_transcripts(data_dir: Path) -> None:
    cells, _, _ = read_study("allen_m1", path=data_dir / "allen_m1_markers")
    true = (cells.obs["celltype"] == "Micro").to_numpy()
    others = np.random.default_rng(0).choice(np.flatnonzero(~true), 6_000, replace=False)
    cells = cells[np.union1d(others, np.flatnonzero(true))].copy()
    dl.tl.annotate(cells, compartment="brain")
    true = (cells.obs["celltype"] == "Micro").to_numpy()
    called = (cells.obs["cell_class"] == "microglia").to_numpy()
    assert called[true].mean() >= 0.5
    assert true[called].mean() >= 0.6
    assert "brain_neuron" in set(cells.uns["annotation_limits"]["population"])


def test_who_is_called_immune_among_liver_cells_holds_the_transcripts_of_immune_cells(data_dir: Path) -> None:
    cells, _, _ = read_study("tms_liver", path=data_dir / "tms_liver.h5ad")
    dl.tl.annotate(cells, compartment="viscera")
    called = (cells.obs["cell_lineage"] == "immune").to_numpy()
    assert called.mean() <= 0.02
    levels = pd.DataFrame(
        cells.layers["counts"][:, cells.var_names.get_indexer(["C1qa", "C1qb", "Cd53", "Cd52"])].toarray()
        / np.asarray(cells.layers["counts"].sum(axis=1)).reshape(-1, 1)
    )
    if called.any():
        assert (levels[called].mean() > 10 * levels[~called].mean()).all()
