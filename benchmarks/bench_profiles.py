"""Time and memory from a file on disk to profiles: dolor against other ways to sum cells.

Usage: ``python benchmarks/bench_profiles.py --venv DIR [--cells 100000 1000000] [--gzip] [--folder DIR] [--rounds 3]``

Files with 8 % of their values stored are written in pieces, so they may exceed the memory. Each way runs in a process
of its own, peers in the environments of ``--venv``, two threads each, after the pages of the file were dropped from the
memory of the system; its peak memory is that of the process. ``read`` is one sequential read of the whole file, the
floor: ``share_of_read_speed`` compares dolor with it in the same round, ``times_faster`` the others with dolor.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from rounds import interpreter, machine, measure, median_ratio, report_usage, rounded

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
    from dolor.pseudobulk.profiles import profiles

    pairs = draw_pairs(271)
    warm_up(path, pairs)
    return lambda: profiles(path, pairs)


def with_dolor_all_genes(path: Path) -> Callable[[], object]:
    """Profiles of all genes."""
    from dolor.pseudobulk.profiles import profiles

    warm_up(path, None)
    return lambda: profiles(path)


def warm_up(path: Path, pairs: pd.DataFrame | None) -> None:
    """Compile dolor's kernels on a few cells of the kind that the file holds."""
    from dolor.pseudobulk.profiles import profiles

    small = path.with_name("few.h5ad")
    if not small.exists():
        write_cells(small, 200, 300, compression=None)
    profiles(small, pairs)


def with_read(path: Path) -> Callable[[], object]:
    """One sequential read of the file."""

    def run() -> int:
        total, buffer = 0, bytearray(16 << 20)
        with path.open("rb", buffering=0) as file:
            while number := file.readinto(buffer):
                total += number
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


def forget(path: Path) -> None:
    """Drop a file from the memory of the system, so that the next reader finds it on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run_one(way: str, path: Path) -> None:
    """Run one way, and print its figures; dolor's kernels are compiled before, the others' libraries imported."""
    run = RUNS[way](path)
    wall, processor = time.perf_counter(), time.process_time()
    run()
    report_usage(time.perf_counter() - wall, time.process_time() - processor)


def compare(path: Path, pythons: dict[str, Path], rounds: int) -> dict[str, object]:
    """Measure all ways in paired rounds."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in pythons}
    for _ in range(rounds):
        for way, python in pythons.items():
            forget(path)
            found[way].append(measure(python, Path(__file__), ["--measure", way, str(path)], threads=2))
    others = [way for way in pythons if way != "dolor"]
    result: dict[str, object] = {
        "figures": {way: rounded(values) for way, values in found.items()},
        "times_faster": {way: median_ratio(found[way], found["dolor"], "wall") for way in others},
        "times_less_processor": {way: median_ratio(found[way], found["dolor"], "processor") for way in others},
    }
    if "read" in found:
        shares = [read["wall"] / ours["wall"] for read, ours in zip(found["read"], found["dolor"], strict=True)]
        result["share_of_read_speed"] = round(statistics.median(shares), 2)
    return result


def main() -> None:
    """Write the files, run every way, and print one JSON object for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, help="folder for the peers' environments")
    parser.add_argument("--cells", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--genes", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write the file (default: the system's temporary folder)")
    parser.add_argument("--gzip", action="store_true", help="compress the file")
    parser.add_argument("--ways", nargs="*", default=list(RUNS), choices=list(RUNS))
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return run_one(options.measure[0], Path(options.measure[1]))
    if options.venv is None and {"scanpy", "decoupler"} & set(options.ways):
        parser.error("--venv is needed to run scanpy and decoupler")
    homes = {"scanpy": "decoupler", "decoupler": "decoupler"}
    pythons = {way: interpreter(options.venv, homes.get(way, "")) for way in dict.fromkeys(["dolor", *options.ways])}
    for cells in options.cells:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            path = Path(folder) / "cells.h5ad"
            stored = write_cells(path, cells, options.genes, compression="gzip" if options.gzip else None)
            result = compare(path, pythons, options.rounds)
        size = {"cells": cells, "genes": options.genes, "stored": stored, "gzip": options.gzip}
        print(json.dumps({**size, "machine": machine(), **result}, indent=2), flush=True)
    return None


if __name__ == "__main__":
    main()
