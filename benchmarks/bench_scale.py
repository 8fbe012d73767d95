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

from anndata import AnnData

import dolor as dl
from dolor.io.h5ad import read_h5ad

_ANIMALS = 12  # of each condition and sex, plus the libraries that go wrong


def make(target: Path, n_cells: int, n_genes: int) -> None:
    """Simulate a DRG study of about this size and write it."""
    made = dl.simulate.study("drg", seed=0, n_animals=_ANIMALS, cells_per_sample=n_cells // 48, n_genes=n_genes)
    made.cells.write_h5ad(target)
    counts = made.cells.layers["counts"]
    print(f"{counts.shape[0]:,} cells × {counts.shape[1]:,} genes, {counts.nnz / 1e6:.0f} million values, {target}")


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
    parser.add_argument("--integration", default="none", choices=["none", "harmony"])
    options = parser.parse_args()
    if options.what == "make":
        make(options.file, options.cells, options.genes)
    else:
        run(options.file, options.integration)


if __name__ == "__main__":
    main()
