"""Time and memory from a file on disk to profiles: dolor against other ways to sum cells.

Usage: ``python benchmarks/bench_profiles.py [--cells 1000000] [--genes 3000] [--folder DIR] [--gzip] [--others ...]``

A file with 8 % of its values stored is written in pieces, so its size may exceed the memory. Each way runs in its own
process; its peak memory is that of the process. ``read`` is one sequential read of values and indices, the floor.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

PIECE = 20_000


def write_cells(path: Path, cells: int, genes: int, *, compression: str | None, seed: int = 0) -> int:
    """Write simulated Cells, a piece at a time; return the number of stored values."""
    import anndata
    from anndata.io import write_elem

    rng = np.random.default_rng(seed)
    kinds, samples = rng.integers(0, 20, cells), np.arange(cells) * 24 // cells
    obs = pd.DataFrame(index=pd.Index([f"cell{i}" for i in range(cells)]))
    for name in ("dataset_id", "tissue", "condition", "assay"):
        obs[name] = pd.Categorical.from_codes(np.zeros(cells, dtype=int), ["simulated"])
    for name, word in {"organism": "mouse", "sex": "female", "suspension_type": "cell"}.items():
        obs[name] = pd.Categorical.from_codes(np.zeros(cells, dtype=int), [word])
    for name in ("sample_id", "donor_id"):
        obs[name] = pd.Categorical.from_codes(samples, [f"s{i:02d}" for i in range(24)])
    obs["cell_type"] = pd.Categorical.from_codes(kinds, [f"type_{i:02d}" for i in range(20)])
    anndata.AnnData(obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(genes)])).write_h5ad(path)
    pointers = [0]
    with h5py.File(path, "a") as file:
        group = file.require_group("layers").create_group("counts")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [cells, genes]})
        options = {"maxshape": (None,), "chunks": (1_000_000,), "compression": compression}
        data = group.create_dataset("data", (0,), dtype=np.float32, **options)
        indices = group.create_dataset("indices", (0,), dtype=np.int32, **options)
        for start in range(0, cells, PIECE):
            rows = min(PIECE, cells - start)
            stored = rng.random((rows, genes), dtype=np.float32) < 0.08
            found = np.flatnonzero(stored) % genes
            low, high = pointers[-1], pointers[-1] + len(found)
            for dataset, values in ((data, rng.geometric(0.6, len(found))), (indices, found)):
                dataset.resize((high,))
                dataset[low:high] = values
            pointers.extend((low + np.cumsum(stored.sum(axis=1))).tolist())
        write_elem(group, "indptr", np.array(pointers, dtype=np.int64))
    return pointers[-1]


def draw_pairs(genes: int) -> pd.DataFrame:
    """Draw 150 pairs over 271 genes, as many as the catalog has."""
    drawn = np.random.default_rng(1).integers(0, min(genes, 271), (150, 2))
    pairs = pd.DataFrame(drawn, columns=["ligand", "receptor"]).map(lambda gene: f"G{gene}").drop_duplicates()
    return pairs.assign(interaction_id=pairs["ligand"] + ":" + pairs["receptor"])


def with_dolor(path: Path) -> Callable[[], object]:
    """Profiles with the catalog's genes and the cross moments of its pairs."""
    from dolor.crosstalk.profiles import profiles

    pairs = draw_pairs(271)
    return lambda: profiles(path, pairs)


def with_dolor_all_genes(path: Path) -> Callable[[], object]:
    """Profiles of all genes."""
    from dolor.crosstalk.profiles import profiles

    return lambda: profiles(path)


def with_read(path: Path) -> Callable[[], object]:
    """One sequential read of what is stored."""

    def run() -> float:
        total = 0.0
        with h5py.File(path) as file:
            counts = file["layers/counts"]
            for start in range(0, counts["data"].shape[0], 4_000_000):
                total += float(counts["data"][start : start + 4_000_000][0])
                total += float(counts["indices"][start : start + 4_000_000][0])
        return total

    return run


def with_backed_product(path: Path) -> Callable[[], object]:
    """Sum counts with an indicator matrix over the backed layer of anndata."""
    import anndata
    from scipy import sparse

    def run() -> object:
        with h5py.File(path) as file:
            obs = anndata.io.read_elem(file["obs"])
            layer = anndata.io.sparse_dataset(file["layers/counts"])
            codes = obs["sample_id"].cat.codes.to_numpy(dtype=int) * 20 + obs["cell_type"].cat.codes.to_numpy()
            sums = np.zeros((24 * 20, layer.shape[1]))
            for start in range(0, layer.shape[0], PIECE):
                code = codes[start : start + PIECE]
                shape = (len(sums), len(code))
                member = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=shape)
                sums += (member @ layer[start : start + PIECE]).toarray()
        return sums

    return run


def with_scanpy(path: Path) -> Callable[[], object]:
    """Aggregate in memory with scanpy."""
    import anndata
    import scanpy

    return lambda: scanpy.get.aggregate(
        anndata.read_h5ad(path), by=["sample_id", "cell_type"], func=["sum", "count_nonzero"], layer="counts"
    )


def with_decoupler(path: Path) -> Callable[[], object]:
    """Make pseudobulks in memory with decoupler."""
    import anndata
    import decoupler

    return lambda: decoupler.pp.pseudobulk(
        anndata.read_h5ad(path), sample_col="sample_id", groups_col="cell_type", layer="counts", mode="sum"
    )


RUNS = {
    "read": with_read,
    "dolor": with_dolor,
    "dolor_all_genes": with_dolor_all_genes,
    "backed_product": with_backed_product,
    "scanpy": with_scanpy,
    "decoupler": with_decoupler,
}


def measure(way: str, path: Path) -> None:
    """Run one way, and print seconds and the peak memory of this process."""
    run = RUNS[way](path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, processor = time.perf_counter(), time.process_time()
    run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "processor": processor, "peak_mib": peak, "imports_mib": before}))


def main() -> None:
    """Write the file, run every way, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--genes", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to write the file (default: the system's temporary folder)")
    parser.add_argument("--gzip", action="store_true", help="compress the file")
    parser.add_argument("--ways", nargs="*", default=list(RUNS), choices=list(RUNS))
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure[0], Path(options.measure[1]))
    found: dict[str, list[dict[str, float]]] = {way: [] for way in options.ways}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "cells.h5ad"
        stored = write_cells(path, options.cells, options.genes, compression="gzip" if options.gzip else None)
        for _ in range(options.rounds):
            for way in options.ways:
                command = [sys.executable, __file__, "--measure", way, str(path)]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                figures = json.loads(output.strip().splitlines()[-1])
                found[way].append({name: round(value, 2) for name, value in figures.items()})
    print(json.dumps({"cells": options.cells, "stored": stored, "gzip": options.gzip, "ways": found}, indent=2))
    return None


if __name__ == "__main__":
    main()
