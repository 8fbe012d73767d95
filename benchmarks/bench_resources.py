"""Fit what each rule needs of memory and time to runs of different sizes; the cells are simulated.

    python benchmarks/bench_resources.py run /tmp/sizes 60 250 625     a run for each size (cells a sample)
    python benchmarks/bench_resources.py fit /tmp/sizes/*              print workflows/resources.tsv

Snakemake measures each job (`benchmark:`), so that `fit` takes folders of real runs as well. A line is drawn through
the jobs, rule by rule: largest memory, and processor minutes, against the size of the input files. Processor and not
wall time, since the machine may be shared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_CONFIG = """\
datasets:
  - {{id: one, study: simulated, compartment: drg}}
  - {{id: two, study: simulated, compartment: drg}}
simulate: {{animals: 4, cells: {cells}}}
"""


def run(folder: Path, sizes: list[int]) -> None:
    """Run the workflow once for each size, in folders of their own."""
    for cells in sizes:
        place = folder / str(cells)
        place.mkdir(parents=True, exist_ok=True)
        (place / "run.yaml").write_text(_CONFIG.format(cells=cells))
        words = [sys.executable, "-m", "dolor", "run", "run.yaml", "--", "all"]
        subprocess.run(words, cwd=place, check=True)


def fit(folders: list[Path]) -> None:
    """Print a line for each rule."""
    found = pd.concat([measured(folder) for folder in folders])
    print("# Straight lines through measured runs; made by benchmarks/bench_resources.py.")
    smallest, largest = found["input_mb"].min(), found["input_mb"].max()
    print(f"# Inputs of {smallest:.1f} to {largest:.1f} MB; beyond them the line is a guess.")
    print("rule\tmb\tmb_per_input_mb\tminutes\tminutes_per_input_mb")
    for rule, rows in found.groupby("rule", sort=True):
        lines = [_line(rows["input_mb"].to_numpy(), rows[column].to_numpy()) for column in ("mb", "minutes")]
        print(rule, *(f"{number:.3g}" for line in lines for number in line), sep="\t")


def measured(folder: Path) -> pd.DataFrame:
    """Return one row a job of a run: rule, size of its input in MB, largest memory in MB, processor minutes."""
    jobs = [json.loads(path.read_text()) for path in sorted(folder.glob("logs/**/*.benchmark.jsonl"))]
    rows = [(_rule(job), sum(job["input_size_mb"].values()), job["max_rss"], job["cpu_time"] / 60) for job in jobs]
    return pd.DataFrame(rows, columns=["rule", "input_mb", "mb", "minutes"])


def _rule(job: dict[str, Any]) -> str:
    """Name the line that a job belongs to: `read` has two, one of them for an h5ad file of one's own."""
    name = job["rule_name"]
    rule = str(name[0] if isinstance(name, list) else name)
    read = next(iter(job["input_size_mb"]), "")
    return "read_stored" if rule == "read" and read.endswith(".h5ad") and not read.startswith("resources/") else rule


def _line(size: NDArray[np.float64], need: NDArray[np.float64]) -> tuple[float, float]:
    """Fit a line that falls nowhere; sizes that hardly differ give a level."""
    if np.ptp(size) < 0.1 * max(size.max(), 1.0):
        return float(need.max()), 0.0
    slope, level = np.polyfit(size, need, 1)
    return max(float(level), 0.0), max(float(slope), 0.0)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="run the workflow once for each size")
    running.add_argument("folder", type=Path)
    running.add_argument("cells", type=int, nargs="+", help="cells a sample")
    fitting = commands.add_parser("fit", help="fit the runs in these folders")
    fitting.add_argument("folders", type=Path, nargs="+")
    asked = parser.parse_args()
    if asked.command == "run":
        run(asked.folder, asked.cells)
    else:
        fit(asked.folders)


if __name__ == "__main__":
    main()
