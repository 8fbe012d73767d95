"""How right the p-values of specificity are: against very many permutations, and on labels that mean nothing.

Usage: ``python benchmarks/bench_accuracy.py --venv DIR [--reference FOLDER] [--pairs 200] [--permutations 20000]``

Simulated cells: ``synthetic/signal.h5ad`` and ``synthetic/null.h5ad`` of the reference folder (default
``$DOLOR_REFERENCE``, else ``../shared/reference``). Pairs are drawn at random among genes that a tenth of the cells
express. The first table compares each tool with permutations of its own statistic, the mean of two means, where these
have ten hits or more: the error of log10 p, and how many p are 0, which no number of permutations can show. The
second deals the labels of the null cells out at random: a right p falls below a level as often as the level says.
Peers permute 1,000 times (FastCCC not at all), in environments of their own. Only rows that all tools test count.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse, stats

from bench_pvalues import label_as_cells
from cellphonedb_tables import write_database
from dolor.pseudobulk.expression import compile_units
from dolor.scores.permutation import permutation_pvalues
from rounds import interpreter, measure

SCRIPT = Path(__file__).with_name("pvalue_tables.py")
TOOLS = ("dolor", "liana", "squidpy", "fastccc")
KEYS = ["sender", "receiver", "interaction_id"]
FEWEST_HITS = 10


def prepared(path: Path) -> anndata.AnnData:
    """Read simulated cells as one sample, normalised as dolor does."""
    cells = anndata.read_h5ad(path)
    counts = sparse.csr_matrix(cells.layers["counts"], dtype=np.float32)
    return label_as_cells(counts, cells.obs["cell_type"].astype(str).tolist(), list(cells.var_names))


def draw_pairs(cells: anndata.AnnData, number: int, seed: int = 1) -> pd.DataFrame:
    """Draw pairs among genes that a tenth of the cells express."""
    often = cells.var_names[np.asarray((cells.X > 0).mean(axis=0)).ravel() >= 0.1].to_numpy()
    drawn = pd.DataFrame(np.random.default_rng(seed).choice(often, (3 * number, 2)), columns=["ligand", "receptor"])
    drawn = drawn[drawn["ligand"] != drawn["receptor"]].drop_duplicates().head(number)
    return drawn.assign(interaction_id=drawn["ligand"] + ":" + drawn["receptor"])


def tables(folder: Path, cells: anndata.AnnData, pythons: dict[str, Path]) -> pd.DataFrame:
    """Run all tools; one column each, for the rows that all of them test."""
    cells.write_h5ad(folder / "cells.h5ad")
    found = []
    for tool, python in pythons.items():
        out = folder / f"{tool}.csv"
        measure(python, SCRIPT, [tool, str(folder), str(folder / "cells.h5ad"), str(out)])
        found.append(pd.read_csv(out).set_index(KEYS)["pvalue"].rename(tool))
    return pd.concat(found, axis=1, join="inner").dropna()


def permuted(cells: anndata.AnnData, pairs: pd.DataFrame, permutations: int) -> pd.Series:
    """Permute the same statistic many times."""
    kinds = cells.obs["cell_type"].cat.categories
    genes = sorted({*pairs["ligand"], *pairs["receptor"]})
    units = (compile_units(pairs[side].tolist(), genes) for side in ("ligand", "receptor"))
    p = permutation_pvalues(
        cells[:, genes].X.astype(np.float64), cells.obs["cell_type"].cat.codes.to_numpy(np.intp), *units,
        permutations=permutations, seed=7,
    )  # fmt: skip
    rows = pd.MultiIndex.from_product([kinds, kinds, pairs["interaction_id"]], names=KEYS)
    return pd.Series(p.ravel(), index=rows)


def accuracy(found: pd.DataFrame, truth: pd.Series, permutations: int) -> pd.DataFrame:
    """Compare each tool with many permutations."""
    truth = truth.reindex(found.index)
    known = (truth >= FEWEST_HITS / permutations) & (truth < 1)
    floor = 1 / (permutations + 1)
    rows = {}
    for tool, p in found.items():
        error = np.abs(np.log10(np.maximum(p[known], floor)) - np.log10(truth[known]))
        rows[tool] = {
            "rows": int(known.sum()), "median |Δlog10 p|": error.median(), "95th percentile": error.quantile(0.95),
            "p = 0": int((p == 0).sum()), "of": len(p),
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index")


def calibration(found: pd.DataFrame) -> pd.DataFrame:
    """Say how often p is below a level where nothing is true."""
    rows = {}
    for tool, p in found.items():
        below = {f"p < {level:g}": (p < level).mean() for level in (0.05, 0.01, 0.001)}
        rows[tool] = {"rows": len(p), **below, "KS distance": stats.kstest(p, "uniform").statistic}
    return pd.DataFrame.from_dict(rows, orient="index")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("DOLOR_REFERENCE", Path(__file__).resolve().parents[2] / "shared" / "reference")
    parser.add_argument("--reference", type=Path, default=Path(default))
    parser.add_argument("--venv", type=Path, required=True, help="folder for the peers' environments")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--permutations", type=int, default=20_000)
    parser.add_argument("--shuffles", type=int, default=5)
    options = parser.parse_args()
    pythons = {tool: interpreter(options.venv, tool) for tool in TOOLS}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for kind in ("signal", "null"):
            cells = prepared(options.reference / "synthetic" / f"{kind}.h5ad")
            pairs = draw_pairs(cells, options.pairs)
            pairs.to_csv(folder / "pairs.csv", index=False)
            write_database(pairs, folder / "database")
            if kind == "signal":
                truth = permuted(cells, pairs, options.permutations)
                print(f"Against {options.permutations:,} permutations, simulated cells with signal:\n")
                print(accuracy(tables(folder, cells, pythons), truth, options.permutations).to_string(), "\n")
                continue
            rng, shuffled = np.random.default_rng(3), []
            for _ in range(options.shuffles):
                cells.obs["cell_type"] = rng.permutation(cells.obs["cell_type"])
                cells.obs["cell_type"] = cells.obs["cell_type"].astype("category")
                shuffled.append(tables(folder, cells, pythons))
            print(f"Labels of simulated cells dealt out at random, {options.shuffles} times:\n")
            print(calibration(pd.concat(shuffled)).to_string())


if __name__ == "__main__":
    main()
