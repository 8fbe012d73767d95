"""Seconds and memory of every stage from read cells to named ones, at the size of an atlas; the cells are simulated.

    python benchmarks/bench_scale.py make /tmp/scale.h5ad            100,000 cells × 20,000 genes in 48 samples
    python benchmarks/bench_scale.py run /tmp/scale.h5ad --integration harmony

Making the cells takes minutes and gigabytes of its own, so it is a command by itself. ``run`` prints one row a stage:
wall seconds, processor seconds, and the largest memory of the process until then.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse

import dolor as dl
from dolor.io.cell_rows import RowsInMemory
from dolor.io.h5ad import read_h5ad
from dolor.io.stored_cells import write_cells

_ANIMALS = 12  # of each condition and sex, plus the library that pools both
_SIMULATED = 100_000


def make(target: Path, n_cells: int, n_genes: int, values: int) -> None:
    """Simulate a DRG study of about this size and write it.

    With ``values`` each cell is drawn at a depth that leaves it about so many stored values. Beyond 100,000 cells each
    simulated one is then drawn several times: at a tenth of the depth these share hardly a transcript.
    """
    times = -(-n_cells // _SIMULATED) if values else 1
    made = dl.simulate.study(
        "drg", seed=0, n_animals=_ANIMALS, cells_per_sample=n_cells // times // 49, n_genes=n_genes
    )
    cells, rng = made.cells, np.random.default_rng(0)
    cells.X = None
    counts = sparse.csr_matrix(cells.layers["counts"])
    if values:
        share = _share_for(counts[:5000], values)
        rows = np.repeat(np.arange(cells.n_obs), times)
        obs = cells.obs.iloc[rows].set_axis(
            [f"{cells.obs_names[row]}_{place % times}" for place, row in enumerate(rows)]
        )
        parts = [_thinned(counts[rows[start : start + 4096]], share, rng) for start in range(0, len(rows), 4096)]
        counts = sparse.vstack(parts, format="csr")
        cells = AnnData(obs=obs, var=cells.var, uns=dict(cells.uns))
    write_cells(target, cells, {"counts": RowsInMemory(counts)})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{counts.shape[0]:,} cells × {counts.shape[1]:,} genes, {counts.nnz / 1e6:.0f} million values, {target}")
    print(f"made within {peak:.1f} GiB")


def _share_for(counts: sparse.csr_matrix, values: int) -> float:
    """Find the share of the transcripts that leaves a cell so many genes."""
    low, high = 0.0, 1.0
    for _ in range(30):
        share = (low + high) / 2
        seen = (1 - (1 - share) ** counts.data.astype(float)).sum() / counts.shape[0]
        low, high = (share, high) if seen < values else (low, share)
    return low


def _thinned(counts: sparse.csr_matrix, share: float, rng: np.random.Generator) -> sparse.csr_matrix:
    counts.data = rng.binomial(counts.data, share).astype(np.int32)
    counts.eliminate_zeros()
    return counts


def run(source: Path, integration: str) -> None:
    """Take the cells through all stages, each timed."""
    print(f"{'stage':12s} {'wall s':>8s} {'cpu s':>8s} {'peak GiB':>9s}")
    begun = time.perf_counter()
    held = [_timed("read", lambda: _counts_of(source))]
    kept, _ = _timed("quality", lambda: dl.pp.quality(held.pop()))
    _timed("ambient", lambda: dl.pp.ambient(kept))
    _timed("sex", lambda: dl.pp.settle_sex(kept, dl.pp.call_sex(kept)))
    _timed("annotate", lambda: dl.tl.annotate(kept, compartment="drg", integration=integration))
    _timed("partners", lambda: dl.pp.partners(kept))
    _timed("doublets", lambda: dl.pp.doublets(kept))
    singlet = ~kept.obs["truth_doublet"].to_numpy(dtype=bool)
    right = (kept.obs["cell_class"].astype(str) == kept.obs["truth_class"].astype(str))[singlet]
    print(f"{'all':12s} {time.perf_counter() - begun:8.1f}")
    print(f"{kept.n_obs:,} cells kept; class right in {right.mean():.3f} of the single cells ({integration})")


def _counts_of(source: Path) -> AnnData:
    """Read the cells as the command `dolor quality` does: with their counts alone."""
    cells = read_h5ad(source)
    cells.X = None
    return cells


def _timed(name: str, stage: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    result = stage()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{name:12s} {time.perf_counter() - wall:8.1f} {time.process_time() - cpu:8.1f} {peak:9.2f}", flush=True)
    return result


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "run"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--values", type=int, default=0, help="make: stored values a cell; 0: as simulated")
    parser.add_argument("--integration", default="none", choices=["none", "harmony"])
    options = parser.parse_args()
    if options.what == "make":
        make(options.file, options.cells, options.genes, options.values)
    else:
        run(options.file, options.integration)


if __name__ == "__main__":
    main()
