"""Time of a whole process, imports and reading included, from a file of cells to a table of p-values.

Usage: ``python benchmarks/bench_process.py --venv DIR [--cells 20000] [--pairs 150] [--rounds 5] [--peers liana ...]``

What somebody waits for who starts a script: each tool in its own environment, one thread each, in turn; ratios of
processor seconds are paired by round. dolor's kernels are compiled before the first round, and cached on disk, as they
are after the first use of an installation.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from bench_pvalues import SCRIPT, draw_pairs, simulate
from cellphonedb_tables import write_database
from rounds import interpreter, machine, measure, median_ratio, rounded

PEERS = ("liana", "squidpy", "fastccc")


def main() -> None:
    """Measure in paired rounds, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, required=True, help="folder for the peers' environments")
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    options = parser.parse_args()
    pythons = {name: interpreter(options.venv, name) for name in ("dolor", *options.peers)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        simulate(options.cells, 20, 3000).write_h5ad(folder / "cells.h5ad")
        pairs = draw_pairs(options.pairs, 3000)
        pairs.to_csv(folder / "pairs.csv", index=False)
        write_database(pairs, folder / "database")
        measure(pythons["dolor"], SCRIPT, ["dolor", str(folder), "--cold"])
        found: dict[str, list[dict[str, float]]] = {name: [] for name in pythons}
        for _ in range(options.rounds):
            for name, python in pythons.items():
                found[name].append(measure(python, SCRIPT, [name, str(folder), "--cold"]))
    ratios = {name: median_ratio(found[name], found["dolor"], "whole_process") for name in options.peers}
    figures = {name: rounded(values) for name, values in found.items()}
    size = {"cells": options.cells, "pairs": options.pairs, "machine": machine()}
    print(json.dumps({**size, "figures": figures, "times_faster": ratios}, indent=2))


if __name__ == "__main__":
    main()
