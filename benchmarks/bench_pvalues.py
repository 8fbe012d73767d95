"""Time from a matrix in memory to a table of p-values of the CellPhoneDB statistic: dolor against its peers.

Usage: ``python benchmarks/bench_pvalues.py --venv DIR [--cells 5000 20000 100000] [--pairs 150 4600] [--rounds 3]``

``--venv`` names a folder for the environments of the peers, one each, which are made there on the first run. All run
one thread on the same simulated cells, in turn; a round gives each one figure of processor seconds, and ratios are
paired by round. Peers that permute do so 1,000 times. CellPhoneDB's time is extrapolated from 51 and 101 permutations,
which stand beside it, and it sits out the larger resource, whose tables need over 13 GB. dolor starts from raw counts
and normalises them, the peers get normalised expression. 150 pairs are as many as the catalog has, 4,600 as LIANA's
consensus.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

from cellphonedb_tables import write_database
from rounds import interpreter, machine, measure, median_ratio, rounded

SCRIPT = Path(__file__).with_name("run_pvalues.py")
PEERS = ("liana", "squidpy", "fastccc", "cellphonedb")
# CellPhoneDB is killed by more pairs than these.
MOST_PAIRS_OF_CELLPHONEDB = 1000


def simulate(cells: int, types: int, genes: int, seed: int = 0) -> anndata.AnnData:
    """Draw cells with 8 % of the values stored, raw counts in the layer and log-normalised expression in X."""
    rng = np.random.default_rng(seed)
    stored = int(cells * genes * 0.083)
    places = rng.integers(0, cells, stored), rng.integers(0, genes, stored)
    counts = sparse.csr_matrix((np.ones(stored, dtype=np.float32), places), shape=(cells, genes))
    counts.data = rng.geometric(0.6, counts.nnz).astype(np.float32)
    kinds = [f"type_{i:02d}" for i in rng.integers(0, types, cells)]
    return label_as_cells(counts, kinds, [f"G{i}" for i in range(genes)])


def label_as_cells(counts: sparse.csr_matrix, cell_types: list[str], genes: list[str]) -> anndata.AnnData:
    """Make raw counts the cells of one sample, with log-normalised expression in X."""
    constant = dict.fromkeys(("dataset_id", "sample_id", "donor_id", "tissue", "condition", "assay"), "simulated")
    constant |= {"organism": "mouse", "sex": "female", "suspension_type": "cell"}
    obs = pd.DataFrame(constant, index=[f"cell{i}" for i in range(counts.shape[0])])
    obs["cell_type"] = pd.Categorical(cell_types)
    size = np.asarray(counts.sum(axis=1)).ravel()
    x = (sparse.diags(1e4 / np.maximum(size, 1)) @ counts).log1p().tocsr().astype(np.float32)
    return anndata.AnnData(X=x, obs=obs, var=pd.DataFrame(index=genes), layers={"counts": counts})


def draw_pairs(number: int, genes: int, seed: int = 1) -> pd.DataFrame:
    """Draw distinct pairs, over about as many genes as a catalog of that size has."""
    rng = np.random.default_rng(seed)
    used = min(genes, max(40, int(2 * number**0.78)))
    drawn = pd.DataFrame(rng.integers(0, used // 2, (3 * number, 2)), columns=["ligand", "receptor"])
    drawn["receptor"] += used // 2
    drawn = drawn.drop_duplicates().head(number).map(lambda gene: f"G{gene}").reset_index(drop=True)
    return drawn.assign(interaction_id=drawn["ligand"] + ":" + drawn["receptor"])


def compare(folder: Path, pythons: dict[str, Path], pairs: int, rounds: int) -> dict[str, object]:
    """Measure all tools in paired rounds."""
    tools = [name for name in pythons if name != "cellphonedb" or pairs <= MOST_PAIRS_OF_CELLPHONEDB]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in tools}
    for _ in range(rounds):
        for name in tools:
            found[name].append(measure(pythons[name], SCRIPT, [name, str(folder)]))
    return {
        "figures": {name: rounded(values) for name, values in found.items()},
        "times_faster": {name: median_ratio(found[name], found["dolor"], "processor") for name in tools[1:]},
    }


def main() -> None:
    """Measure every number of cells with every number of pairs, and print one JSON object for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, required=True, help="folder for the peers' environments")
    parser.add_argument("--cells", type=int, nargs="+", default=[5000, 20_000, 100_000])
    parser.add_argument("--types", type=int, default=20)
    parser.add_argument("--genes", type=int, default=3000)
    parser.add_argument("--pairs", type=int, nargs="+", default=[150, 4600])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    options = parser.parse_args()
    pythons = {name: interpreter(options.venv, name) for name in ("dolor", *options.peers)}
    for cells in options.cells:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            simulate(cells, options.types, options.genes).write_h5ad(folder / "cells.h5ad")
            for number in options.pairs:
                pairs = draw_pairs(number, options.genes)
                pairs.to_csv(folder / "pairs.csv", index=False)
                write_database(pairs, folder / "database")
                size = {"cells": cells, "types": options.types, "genes": options.genes, "pairs": len(pairs)}
                result = compare(folder, pythons, len(pairs), options.rounds)
                print(json.dumps({**size, "machine": machine(), **result}, indent=2), flush=True)


if __name__ == "__main__":
    main()
