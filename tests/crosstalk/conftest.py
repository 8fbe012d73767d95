"""Small simulated cells, and interactions between their genes, for the tests of scores."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

GENES = [f"G{i}" for i in range(12)]
INTERACTIONS = pd.DataFrame(
    {
        "interaction_id": ["G0:G1", "G2:G3+G4", "G5|G6+G7:G8", "G9:G9"],
        "ligand": ["G0", "G2", "G5|G6+G7", "G9"],
        "receptor": ["G1", "G3+G4", "G8", "G9"],
        "ligand_proxy": ["", "", "enzyme", ""],
    }
)


def simulated_cells(n_cells: int = 240, n_samples: int = 3, seed: int = 0) -> anndata.AnnData:
    """Cells of four types in several samples; gene i is the marker of type i % 4."""
    random = np.random.default_rng(seed)
    kinds = np.array(["macrophage", "neuron", "satellite_glia", "unassigned"])
    kind = random.choice(4, n_cells, p=[0.3, 0.4, 0.2, 0.1])
    sample = random.integers(0, n_samples, n_cells)
    level = 0.4 + 2.5 * (np.arange(len(GENES))[None, :] % 4 == kind[:, None])
    counts = random.poisson(level * random.lognormal(0, 0.5, (n_cells, 1)))
    obs = pd.DataFrame({"sample_id": [f"s{i}" for i in sample], "cell_type": kinds[kind]})
    obs.index = [f"cell{i}" for i in range(n_cells)]
    obs["donor_id"] = obs["sample_id"]
    obs["condition"] = np.where(sample == 0, "naive", "nerve_injury")
    obs["batch"] = np.where(sample == 1, "b1", "b2")
    constant = {"dataset_id": "simulated", "tissue": "drg", "organism": "mouse", "sex": "female", "assay": "10x"}
    for name, value in {**constant, "suspension_type": "cell"}.items():
        obs[name] = value
    counts_layer = sparse.csr_matrix(counts.astype(np.float32))
    return anndata.AnnData(obs=obs, var=pd.DataFrame(index=GENES), layers={"counts": counts_layer})


@pytest.fixture
def cells() -> anndata.AnnData:
    """240 cells of four types in three samples."""
    return simulated_cells()


@pytest.fixture
def pairs() -> pd.DataFrame:
    """A simple pair, a complex, alternatives with a proxy, and a gene that binds itself."""
    return INTERACTIONS.copy()
