"""Cells as dolor exports them for CELLxGENE, before the schema's own validator.

Usage: ``python benchmarks/check_cellxgene.py PATH_OF_cellxgene-schema``. The validator pins an old anndata, so it lives
in an environment of its own: ``python -m venv ENV && ENV/bin/pip install cellxgene-schema``. What it exits with, this
exits with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

import dolor as dl
from dolor.io.export import write_cellxgene

# What dolor cannot know of simulated mice; a user gives the same for his.
TERMS = {
    "assay": "EFO:0009922",
    "disease": "PATO:0000461",
    "development_stage": "MmusDv:0000110",
    "tissue": "UBERON:0000044",
}


def main() -> int:
    """Write simulated cells of one type and let the validator judge them."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    cells = dl.read(dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60).cells)
    cells.obs["cell_type"] = "macrophage"
    cells.obsm["X_random"] = np.random.default_rng(0).normal(size=(cells.n_obs, 2)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        print("left unknown:", ", ".join(write_cellxgene(cells, path, title="Simulated", terms=TERMS)) or "nothing")
        return subprocess.run([sys.argv[1], "validate", str(path)]).returncode


if __name__ == "__main__":
    sys.exit(main())
