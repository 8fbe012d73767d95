"""One tool, one run: p-values of the CellPhoneDB statistic for the cells and pairs of a folder.

Usage: ``python run_pvalues.py TOOL FOLDER [--cold]``, in the environment of the tool. The clock runs from the matrix in
memory to the table. Before it, every tool runs once on 2,000 of the cells, so that none is timed compiling. With
``--cold`` nothing runs before, for the time of the whole process.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rounds import report_usage

PERMUTATIONS = 1000
# CellPhoneDB runs at these numbers of permutations, and 1,000 are extrapolated along the line; it fails at 50 or fewer.
FEW, MORE = 51, 101
WARM_UP = 2000

Run = Callable[[Any, int], object]


def dolor(folder: Path) -> Run:
    """From raw counts, in memory or in a file, which dolor normalises within its time."""
    import pandas as pd

    from dolor.pseudobulk.profiles import profiles
    from dolor.scores.score import score

    pairs = pd.read_csv(folder / "pairs.csv")

    def run(cells: Any, _: int) -> object:
        summed = cells if isinstance(cells, Path) else profiles(cells, pairs, trimean=False)
        return score(summed, pairs, methods=["lr_means"])

    return run


def liana(folder: Path) -> Run:
    """LIANA's cellphonedb, from normalised expression."""
    import liana
    import pandas as pd

    pairs = pd.read_csv(folder / "pairs.csv")[["ligand", "receptor"]]
    options = {"resource": pairs, "use_raw": False, "verbose": False, "inplace": False, "expr_prop": 0.1, "n_jobs": 1}
    return lambda cells, number: liana.mt.cellphonedb(cells, groupby="cell_type", n_perms=number, **options)


def squidpy(folder: Path) -> Run:
    """Its function ligrec, from normalised expression."""
    import pandas as pd
    import squidpy

    named = pd.read_csv(folder / "pairs.csv").rename(columns={"ligand": "source", "receptor": "target"})
    options = {"interactions": named[["source", "target"]], "corr_method": None, "use_raw": False, "copy": True}
    options |= {"show_progress_bar": False, "threshold": 0.1, "n_jobs": 1, "seed": 0}
    return lambda cells, number: squidpy.gr.ligrec(cells, "cell_type", n_perms=number, **options)


def fastccc(folder: Path) -> Run:
    """Its method in the style of CellPhoneDB, from normalised expression; it permutes nothing."""
    import fastccc.core
    from loguru import logger

    logger.remove()

    def run(cells: Any, _: int) -> object:
        with tempfile.TemporaryDirectory() as out:
            return fastccc.core.statistical_analysis_method(
                str(folder / "database"), None, cells, style="cpdb", meta_key="cell_type", save_path=out
            )

    return run


def cellphonedb(folder: Path) -> Run:
    """Its statistical method, from normalised expression."""
    from cellphonedb.src.core.methods import cpdb_statistical_analysis_method

    def run(cells: Any, number: int) -> object:
        with tempfile.TemporaryDirectory() as out:
            labels = Path(out) / "labels.tsv"
            cells.obs["cell_type"].rename_axis("barcode").to_csv(labels, sep="\t")
            return cpdb_statistical_analysis_method.call(
                cpdb_file_path=str(folder / "database" / "cellphonedb.zip"), meta_file_path=str(labels),
                counts_file_path=cells, counts_data="hgnc_symbol", output_path=out, iterations=number, threshold=0.1,
                threads=1, debug_seed=1,
            )  # fmt: skip

    return run


TOOLS = {"dolor": dolor, "liana": liana, "squidpy": squidpy, "fastccc": fastccc, "cellphonedb": cellphonedb}


def timed(run: Run, cells: Any, permutations: int) -> tuple[float, float]:
    """Return wall and processor seconds of a call."""
    wall, processor = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(sys.stderr):
        run(cells, permutations)
    return time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    """Run one tool and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cold", action="store_true", help="no run before the one that is timed")
    options = parser.parse_args()
    run, path = TOOLS[options.tool](options.folder), options.folder / "cells.h5ad"
    if options.cold and options.tool == "dolor":
        return report_usage(*timed(run, path, PERMUTATIONS))
    import anndata

    cells = anndata.read_h5ad(path)
    if not options.cold:
        timed(run, cells[:WARM_UP].copy(), FEW)
    if options.tool != "cellphonedb":
        return report_usage(*timed(run, cells, PERMUTATIONS))
    few, more = (timed(run, cells, number) for number in (FEW, MORE))
    wall, processor = (a + (b - a) / (MORE - FEW) * (PERMUTATIONS - FEW) for a, b in zip(few, more, strict=True))
    return report_usage(wall, processor, measured_at_51=few[1], measured_at_101=more[1])


if __name__ == "__main__":
    main()
