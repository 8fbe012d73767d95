"""Reading files: dolor against the fastest library call for each format, and large files in bounded memory.

Usage: ``python benchmarks/bench_read.py [--cells 20000] [--genes 3000] [--large] [--folder DIR]``

Each way reads the same simulated counts (8 % of values stored) in a process of its own, three times by turns; the
fastest processor seconds of each count, imports and compilation not. ``--large`` makes, with R, an RDS file of the size
of GSE154659 (141,093 nuclei x 25,105 genes) and a dense text of 2 GB instead, and says the peak memory of reading them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

R = Path(__file__).with_name("make_large.R")


def _dolor(path: Path) -> object:
    from dolor.io.detect import load

    return load(path)


def _scanpy_h5(path: Path) -> object:
    import scanpy

    return scanpy.read_10x_h5(path)


def _scanpy_mtx(path: Path) -> object:
    import scanpy

    return scanpy.read_10x_mtx(path)


def _scipy_mtx(path: Path) -> object:
    from scipy import io

    return sparse.csr_matrix(io.mmread(path / "matrix.mtx.gz", spmatrix=True).T)


def _anndata_h5ad(path: Path) -> object:
    import anndata

    return anndata.read_h5ad(path)


def _anndata_zarr(path: Path) -> object:
    import anndata

    return anndata.read_zarr(path)


def _h5py_loom(path: Path) -> object:
    import h5py

    with h5py.File(path) as file:
        return sparse.csr_matrix(file["matrix"][:].T)


def _pandas_text(path: Path) -> object:
    return sparse.csr_matrix(pd.read_csv(path, index_col=0).to_numpy(np.float32).T)


def _arrow_text(path: Path) -> object:
    from pyarrow import csv

    table = csv.read_csv(path, read_options=csv.ReadOptions(use_threads=False, block_size=2**26))
    columns = [column.to_numpy().astype(np.float32) for column in table.columns[1:]]
    return sparse.csr_matrix(np.vstack(columns))


WAYS: dict[str, tuple[str, dict[str, Callable[[Path], object]]]] = {
    "10x h5": ("a.h5", {"dolor": _dolor, "scanpy": _scanpy_h5}),
    "10x mtx": ("mtx", {"dolor": _dolor, "scanpy": _scanpy_mtx, "scipy": _scipy_mtx}),
    "h5ad": ("a.h5ad", {"dolor": _dolor, "anndata": _anndata_h5ad}),
    "zarr": ("a.zarr", {"dolor": _dolor, "anndata": _anndata_zarr}),
    "loom": ("a.loom", {"dolor": _dolor, "h5py": _h5py_loom}),
    "dense csv": ("a.csv", {"dolor": _dolor, "pandas": _pandas_text, "pyarrow": _arrow_text}),
    "dense tsv.gz": ("a.csv.gz", {"dolor": _dolor, "pandas": _pandas_text, "pyarrow": _arrow_text}),
}


def make(folder: Path, cells: int, genes: int) -> None:
    """Write the same counts in every format, as the programs that write them compress them."""
    import anndata
    import h5py

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "make_formats"))
    import formats

    rng = np.random.default_rng(0)
    counts = sparse.random(cells, genes, 0.08, "csr", np.float32, random_state=rng)
    counts.data = rng.geometric(0.6, counts.nnz).astype(np.float32)
    formats.GENES[:], formats.IDS[:] = ([f"{kind}{number}" for number in range(genes)] for kind in ("Gene", "ENSMUSG"))
    formats.CELLS[:] = [f"cell{number}" for number in range(cells)]
    dense = counts.toarray().astype(np.int32)
    formats.tenx_h5(folder / "a.h5", counts=dense, cells=formats.CELLS)
    formats.tenx_mtx(folder / "mtx", counts=dense)
    var = pd.DataFrame(index=formats.GENES)
    adata = anndata.AnnData(counts, obs=pd.DataFrame(index=formats.CELLS), var=var)
    adata.write_h5ad(folder / "a.h5ad", compression="gzip")
    adata.write_zarr(folder / "a.zarr")
    with h5py.File(folder / "a.loom", "w") as file:
        file.create_dataset("matrix", data=dense.T, chunks=(64, 64), compression="gzip")
        file["row_attrs/Gene"] = np.array(formats.GENES, "S")
        file["col_attrs/CellID"] = np.array(formats.CELLS, "S")
    pd.DataFrame(dense.T, index=formats.GENES, columns=formats.CELLS).to_csv(folder / "a.csv")
    subprocess.run(["gzip", "-k", str(folder / "a.csv")], check=True)


def read_once(kind: str, way: str, path: Path, warm: Path | None) -> dict[str, float]:
    """Read in a process of its own; ``warm`` is a small file of the format to import and compile with."""
    words = [sys.executable, __file__, "--one", kind, way, str(path), str(warm or "")]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(kind: str, way: str, path: Path, warm: str) -> None:
    """Measure one read of this process."""
    import time

    warnings.simplefilter("ignore")
    read = WAYS[kind][1][way]
    if warm:
        read(Path(warm))
    before, start = time.process_time(), time.perf_counter()
    kept = read(path)
    used = time.process_time() - before
    wall = time.perf_counter() - start
    peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    shape = getattr(kept, "shape", None)
    stored = int(getattr(getattr(kept, "X", kept), "nnz", 0))
    print(
        json.dumps({"processor_s": used, "wall_s": wall, "peak_MiB": int(peak) / 1024, "shape": shape, "nnz": stored})
    )


def compare(folder: Path, cells: int, genes: int) -> None:
    """Print, for each format, dolor's time over that of the fastest library."""
    small, whole = folder / "small", folder / "whole"
    for place, sizes in ((small, (200, 300)), (whole, (cells, genes))):
        place.mkdir()
        make(place, *sizes)
    print(f"{cells:,} cells x {genes:,} genes, 8 % stored; load {os.getloadavg()[0]:.1f}")
    for kind, (name, ways) in WAYS.items():
        times: dict[str, list[float]] = {way: [] for way in ways}
        peaks = dict.fromkeys(ways, 0.0)
        for _ in range(3):
            for way in ways:
                found = read_once(kind, way, whole / name, small / name)
                times[way].append(found["processor_s"])
                peaks[way] = max(peaks[way], found["peak_MiB"])
        best = {way: min(seconds) for way, seconds in times.items()}
        other = min((seconds, way) for way, seconds in best.items() if way != "dolor")
        print(
            f"{kind:<13} {best['dolor'] / other[0]:5.2f} x {other[1]:<8} "
            + ", ".join(f"{way} {best[way]:.2f} s {peaks[way]:.0f} MiB" for way in ways)
        )


def large(folder: Path) -> None:
    """Make the large files and say what reading them takes."""
    print(f"load {os.getloadavg()[0]:.1f}")
    rds, text = folder / "nuclei.RDS.gz", folder / "dense.txt"
    subprocess.run(["Rscript", str(R), str(rds)], check=True)
    _say("RDS", rds, read_once("dense csv", "dolor", rds, None))
    rds.unlink()
    rng = np.random.default_rng(0)
    cells, genes = 48_000, 21_000
    with text.open("w") as file:
        file.write("\t".join(["gene", *(f"cell{number}" for number in range(cells))]) + "\n")
        for gene in range(genes):
            row = np.zeros(cells, np.uint8)
            row[rng.integers(0, cells, cells * 6 // 100)] = rng.integers(1, 10, cells * 6 // 100)
            digits = np.full(2 * cells, ord("\t"), np.uint8)
            digits[1::2] = row + ord("0")
            file.write(f"Gene{gene}{digits.tobytes().decode()}\n")
    _say("dense text", text, read_once("dense csv", "dolor", text, None))


def _say(what: str, path: Path, found: dict[str, float]) -> None:
    bound = found["nnz"] * 16 / 2**20
    print(
        f"{what}: {path.stat().st_size / 2**30:.2f} GiB on disk, {found['shape']}, {found['nnz']:,} values; peak "
        f"{found['peak_MiB']:.0f} MiB ({found['peak_MiB'] * 2**20 / found['nnz']:.1f} bytes a value; "
        f"16 a value would be {bound:.0f} MiB), {found['processor_s']:.0f} s of processor"
    )


def main() -> None:
    """Make, measure, print."""
    if sys.argv[1:2] == ["--one"]:
        kind, way, path, warm = sys.argv[2:]
        one(kind, way, Path(path), warm)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=3_000)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-read-") as name:
        if options.large:
            large(Path(name))
        else:
            compare(Path(name), options.cells, options.genes)


if __name__ == "__main__":
    main()
