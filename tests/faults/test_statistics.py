"""Few donors, no variance, many threads: what a test may say, and what it may not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import dolor as dl

PAIRS = pd.DataFrame({"interaction_id": ["up", "still"], "ligand": ["Gene0", "Gene2"], "receptor": ["Gene1", "Gene3"]})
REFERENCE = {"condition": "naive", "sex": "male"}
GENES = [f"Gene{i}" for i in range(30)]


def injured(make_cells: Callable[..., AnnData], donors: int, *, seed: int = 0, up: int = 6) -> AnnData:
    """Female mice, so many an arm; injury raises Gene0 in macrophages."""
    cells = make_cells(80 * donors, GENES, n_samples=2 * donors, seed=seed)
    number = np.arange(cells.n_obs)
    cells.obs["cell_type"] = np.where(number // (2 * donors) % 2 == 0, "macrophage", "neuron")
    cells.obs["sex"] = "female"
    counts = cells.layers["counts"].toarray()
    raised = ((cells.obs["condition"] == "injured") & (cells.obs["cell_type"] == "macrophage")).to_numpy()
    counts[raised, 0] += up
    cells.layers["counts"] = sparse.csr_matrix(counts)
    return cells


def compared(cells: AnnData) -> pd.DataFrame:
    return dl.tl.contrast(dl.tl.profiles(cells, PAIRS, genes=GENES), PAIRS, "~ condition", REFERENCE)


def between(table: pd.DataFrame, interaction: str) -> pd.Series:
    chosen = (table["sender"] == "macrophage") & (table["receiver"] == "neuron")
    return table[chosen & (table["interaction_id"] == interaction)].iloc[0]


@pytest.mark.parametrize(("donors", "status"), [(1, "described"), (2, "tested"), (3, "tested")])
def test_few_donors_are_described_with_a_reason_or_tested(
    make_cells: Callable[..., AnnData], donors: int, status: str
) -> None:
    found = compared(injured(make_cells, donors))
    assert set(found["status"]) == {status}
    assert found["effect"].notna().all()
    if status == "described":
        assert found["pvalue"].isna().all()
        assert set(found["reason_code"]) == {"few_samples"}
    else:
        assert found["pvalue"].between(0, 1, inclusive="right").all()
        assert (found["reason"] == "").all()


def test_a_planted_interaction_is_found_and_its_still_neighbour_is_not(make_cells: Callable[..., AnnData]) -> None:
    found = compared(injured(make_cells, 4))
    assert between(found, "up")["qvalue"] < 0.05
    assert between(found, "up")["effect"] > 0.5
    assert between(found, "still")["qvalue"] > 0.05


def test_samples_that_are_copies_of_each_other_are_described(make_cells: Callable[..., AnnData]) -> None:
    """Zero variance within the arms would make every change certain."""
    cells = injured(make_cells, 3)
    counts = cells.layers["counts"].toarray()
    for condition in ("naive", "injured"):
        first, *others = cells.obs.loc[cells.obs["condition"] == condition, "sample_id"].unique()
        for other in others:
            counts[cells.obs["sample_id"] == other] = counts[cells.obs["sample_id"] == first]
    cells.layers["counts"] = sparse.csr_matrix(counts)
    found = compared(cells)
    assert set(found["status"]) == {"described"}
    assert found["effect"].notna().all()
    assert found[["pvalue", "qvalue", "df"]].isna().all().all()
    assert set(found["reason_code"]) == {"no_variation"}


def test_what_has_no_pvalue_takes_no_part_in_the_adjustment(make_cells: Callable[..., AnnData]) -> None:
    """A pair that cannot be tested changes the q-values of the others in nothing."""
    profiles = dl.tl.profiles(injured(make_cells, 3), PAIRS, genes=GENES)
    absent = pd.DataFrame({"interaction_id": ["absent"], "ligand": ["Missing"], "receptor": ["Gene1"]})
    alone = dl.tl.contrast(profiles, PAIRS, "~ condition", REFERENCE)
    beside = dl.tl.contrast(profiles, pd.concat([PAIRS, absent], ignore_index=True), "~ condition", REFERENCE)
    untestable = beside["interaction_id"] == "absent"
    assert beside.loc[untestable, ["pvalue", "qvalue"]].isna().all().all()
    np.testing.assert_array_equal(beside.loc[~untestable, "qvalue"], alone["qvalue"])


_DIGEST = """
import hashlib, sys
import dolor as dl, numpy as np, pandas as pd
cells = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=80).cells
cells.obs["cell_type"] = cells.obs["truth_class"]
pairs = dl.catalog.interactions("mouse").head(60)
profiles = dl.tl.profiles(cells, pairs, chunk_size=int(sys.argv[1]))
for table in (dl.tl.score(profiles, pairs), dl.tl.contrast(profiles, pairs, reference={"condition": "naive"})):
    print(hashlib.sha256(table.to_csv(index=False).encode()).hexdigest())
"""


def test_threads_and_chunks_change_no_byte() -> None:
    """Separate processes, since the number of threads is settled when the libraries are loaded."""
    said = set()
    for threads, chunk in (("1", "1000"), ("2", "4000000")):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
        told = ["env", *(f"{name}={threads}" for name in names), sys.executable, "-c", _DIGEST, chunk]
        said.add(subprocess.run(told, check=True, capture_output=True, text=True).stdout)
    assert len(said) == 1
    assert len(said.pop().split()) == 2
