"""Where the shared data is, and what every test may lean on."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

if TYPE_CHECKING:
    from anndata import AnnData

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the list of faults, so that `pytest -m fault` runs them, and share them out among processes.

    A file stays in one process, since its tests may share what took long to make, and so do those that need a finished
    run, which begin first.
    """
    with (ROOT / "tests/faults/faults.tsv").open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        named = {test for row in rows for test in row["tests"].split()}
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        if f"{path}::{getattr(item, 'originalname', item.name)}" in named:
            item.add_marker("fault")
        item.add_marker(pytest.mark.xdist_group("finished" if _needs_a_run(item) else path))
    items.sort(key=lambda item: not _needs_a_run(item))


def _needs_a_run(item: pytest.Item) -> bool:
    return "finished" in getattr(item, "fixturenames", ())


def _shared(variable: str, folder: str) -> Path:
    path = Path(os.environ.get(variable, ROOT.parent / "shared" / folder))
    if not path.is_dir():
        pytest.skip(f"needs the folder of {folder} named in ${variable}; {path} is absent")
    return path


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real public data, not part of the repository."""
    return _shared("DOLOR_DATA", "data")


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Inputs and outputs of other tools, not part of the repository."""
    return _shared("DOLOR_REFERENCE", "reference")


@pytest.fixture
def make_cells() -> Callable[..., AnnData]:
    """Return a maker of small valid Cells, to be broken by the tests that ask what happens then."""

    def make(
        n_cells: int = 60,
        genes: Sequence[str] = tuple(f"Gene{i}" for i in range(30)),
        *,
        n_samples: int = 4,
        seed: int = 0,
    ) -> AnnData:
        import anndata

        rng = np.random.default_rng(seed)
        sample = np.arange(n_cells) % n_samples
        obs = pd.DataFrame(
            {
                "dataset_id": "toy",
                "sample_id": [f"s{number}" for number in sample],
                "donor_id": [f"d{number}" for number in sample],
                "tissue": "dorsal root ganglion",
                "organism": "mouse",
                "condition": np.where(sample % 2 == 0, "naive", "injured"),
                "sex": np.where(sample // 2 % 2 == 0, "female", "male"),
                "suspension_type": "cell",
                "assay": "toy",
            },
            index=[f"cell{number}" for number in range(n_cells)],
        )
        counts = sparse.csr_matrix(rng.poisson(1.5, (n_cells, len(genes))).astype(np.int32))
        return anndata.AnnData(obs=obs, var=pd.DataFrame(index=list(genes)), layers={"counts": counts})

    return make
