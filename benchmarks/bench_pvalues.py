"""Time from a matrix in memory to a table of p-values of the CellPhoneDB statistic: dolor against its peers.

Usage: ``python benchmarks/bench_pvalues.py --venv DIR [--cells 100000] [--pairs 150] [--rounds 3] [--peers liana]``

``--venv`` names a folder for the environment of the peers, which is made there on the first run. All run one thread on
the same simulated cells, in turn; a round gives each one processor-seconds figure, and the ratio is paired by round.
The peers permute 1,000 times. dolor starts from raw counts and normalises them, the peers get normalised expression.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

REQUIREMENTS = ("liana==1.10.0", "squidpy==1.8.2", "anndata==0.12.19")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PERMUTATIONS = 1000


def simulate(cells: int, types: int, genes: int, seed: int = 0) -> anndata.AnnData:
    """Draw cells with 8 % of the values stored, raw counts in the layer and log-normalised expression in X."""
    rng = np.random.default_rng(seed)
    stored = int(cells * genes * 0.083)
    places = rng.integers(0, cells, stored), rng.integers(0, genes, stored)
    counts = sparse.csr_matrix((np.ones(stored, dtype=np.float32), places), shape=(cells, genes))
    counts.data = rng.geometric(0.6, counts.nnz).astype(np.float32)
    constant = dict.fromkeys(("dataset_id", "sample_id", "donor_id", "tissue", "condition", "assay"), "simulated")
    obs = pd.DataFrame(constant | {"organism": "mouse", "sex": "female", "suspension_type": "cell"}, index=range(cells))
    obs["cell_type"] = pd.Categorical([f"type_{i:02d}" for i in rng.integers(0, types, cells)])
    obs.index = [f"cell{i}" for i in range(cells)]
    var = pd.DataFrame(index=[f"G{i}" for i in range(genes)])
    size = np.asarray(counts.sum(axis=1)).ravel()
    x = (sparse.diags(1e4 / np.maximum(size, 1)) @ counts).log1p().tocsr().astype(np.float32)
    return anndata.AnnData(X=x, obs=obs, var=var, layers={"counts": counts})


def draw_pairs(number: int, genes: int, seed: int = 1) -> pd.DataFrame:
    """Draw distinct pairs, over about as many genes as a catalog of that size has."""
    rng = np.random.default_rng(seed)
    used = min(genes, max(40, int(2 * number**0.78)))
    drawn = pd.DataFrame(rng.integers(0, used // 2, (3 * number, 2)), columns=["ligand", "receptor"])
    drawn["receptor"] += used // 2
    drawn = drawn.drop_duplicates().head(number).map(lambda gene: f"G{gene}").reset_index(drop=True)
    return drawn.assign(interaction_id=drawn["ligand"] + ":" + drawn["receptor"])


def with_dolor(cells: anndata.AnnData, pairs: pd.DataFrame) -> Callable[[], object]:
    """Prepare a run of dolor; the kernels are compiled before the clock starts."""
    from dolor.crosstalk.profiles import profiles
    from dolor.crosstalk.score import score

    score(profiles(cells[:200].copy(), pairs, trimean=False), pairs, methods=["lr_means"])
    return lambda: score(profiles(cells, pairs, trimean=False), pairs, methods=["lr_means"])


def with_liana(cells: anndata.AnnData, pairs: pd.DataFrame) -> Callable[[], object]:
    """Prepare a run of LIANA."""
    import liana

    options = {"resource": pairs[["ligand", "receptor"]], "use_raw": False, "verbose": False, "inplace": False}
    return lambda: liana.mt.cellphonedb(
        cells, groupby="cell_type", n_perms=PERMUTATIONS, expr_prop=0.1, n_jobs=1, **options
    )


def with_squidpy(cells: anndata.AnnData, pairs: pd.DataFrame) -> Callable[[], object]:
    """Prepare a run of squidpy."""
    import squidpy

    named = pairs.rename(columns={"ligand": "source", "receptor": "target"})[["source", "target"]]
    options = {"use_raw": False, "copy": True, "show_progress_bar": False, "threshold": 0.1, "n_jobs": 1, "seed": 0}
    return lambda: squidpy.gr.ligrec(
        cells, "cell_type", interactions=named, n_perms=PERMUTATIONS, corr_method=None, **options
    )


RUNS = {"dolor": with_dolor, "liana": with_liana, "squidpy": with_squidpy}


def measure(tool: str, folder: Path) -> None:
    """Run one tool once on the stored input, and print processor and wall seconds of the call."""
    run = RUNS[tool](anndata.read_h5ad(folder / "cells.h5ad"), pd.read_csv(folder / "pairs.csv"))
    wall, processor = time.perf_counter(), time.process_time()
    run()
    print(json.dumps({"processor": time.process_time() - processor, "wall": time.perf_counter() - wall}))


def environment(folder: Path) -> Path:
    """Return the interpreter of the peers' environment, made on the first call."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
    return python


def main() -> None:
    """Measure in paired rounds, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, help="folder for the peers' environment")
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--types", type=int, default=20)
    parser.add_argument("--genes", type=int, default=3000)
    parser.add_argument("--pairs", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=["liana", "squidpy"], choices=["liana", "squidpy"])
    parser.add_argument("--measure", nargs=2, metavar=("TOOL", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options.measure[0], Path(options.measure[1]))
    if options.peers and not options.venv:
        parser.error("--venv is needed to run peers")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        simulate(options.cells, options.types, options.genes).write_h5ad(folder / "cells.h5ad")
        draw_pairs(options.pairs, options.genes).to_csv(folder / "pairs.csv", index=False)
        tools = {"dolor": Path(sys.executable)} | {name: environment(options.venv) for name in options.peers}
        seconds: dict[str, list[float]] = {name: [] for name in tools}
        for _ in range(options.rounds):
            for name, python in tools.items():
                command = [str(python), __file__, "--measure", name, str(folder)]
                output = subprocess.run(
                    command, check=True, env=os.environ | ONE_THREAD, capture_output=True, text=True
                ).stdout
                seconds[name].append(json.loads(output.strip().splitlines()[-1])["processor"])
    ratio = {
        name: round(
            statistics.median(peer / ours for peer, ours in zip(seconds[name], seconds["dolor"], strict=True)), 1
        )
        for name in options.peers
    }
    size = {"cells": options.cells, "types": options.types, "genes": options.genes, "pairs": options.pairs}
    rounded = {name: [round(value, 3) for value in values] for name, values in seconds.items()}
    print(json.dumps({**size, "processor_seconds": rounded, "times_faster": ratio}, indent=2))
    return None


if __name__ == "__main__":
    main()
