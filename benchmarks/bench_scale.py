"""Seconds and memory of each stage from a file of cells to contrasts, at the size of an atlas; cells are simulated.

    python benchmarks/bench_scale.py make /tmp/scale.h5ad --cells 1000000 --genes 3000 --values 225
    python benchmarks/bench_scale.py run /tmp/scale.h5ad --folder /tmp/scale
    python benchmarks/bench_scale.py workflow /tmp/scale.h5ad --folder /tmp/scale-run

Making the cells takes minutes and gigabytes of its own, so it is a command by itself. ``run`` gives each command of the
workflow a process of its own and prints one row a stage: wall seconds, processor seconds, and the largest memory.
``workflow`` is `dolor run` on the file, from its cells to the report: one row a rule, and one for the largest memory of
all processes together.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from anndata import AnnData
from scipy import sparse

import dolor as dl
from dolor.io.h5ad import read_obs
from dolor.io.matrix.cell_rows import RowsInMemory
from dolor.io.stored_cells import write_cells

_ANIMALS = 12  # of each condition and sex, plus the library that pools both
_SIMULATED = 100_000
_CONFIG = """\
datasets:
  - {{id: large, study: {study}, compartment: drg}}
annotate: {{integration: {integration}}}
contrast: {{reference: {{condition: naive, sex: male}}}}
"""


def make(target: Path, n_cells: int, n_genes: int, values: int, samples: int) -> None:
    """Simulate a DRG study of about this size and write it.

    With ``values`` each cell is drawn at a depth that leaves it about so many stored values. Beyond 100,000 cells each
    simulated one is then drawn several times: at a tenth of the depth these share hardly a transcript. ``samples``
    deals the droplets of each library out to so many samples.
    """
    times = -(-n_cells // _SIMULATED) if values else 1
    made = dl.simulate.study(
        "drg", seed=0, n_animals=_ANIMALS, cells_per_sample=n_cells // times // 49, n_genes=n_genes
    )
    cells, rng = made.cells, np.random.default_rng(0)
    cells.X = None
    counts = sparse.csr_matrix(cells.layers["counts"])
    if values:
        share = _share_for(counts[:5000], values)
        rows = np.repeat(np.arange(cells.n_obs), times)
        obs = cells.obs.iloc[rows].set_axis(
            [f"{cells.obs_names[row]}_{place % times}" for place, row in enumerate(rows)]
        )
        parts = [_thinned(counts[rows[start : start + 4096]], share, rng) for start in range(0, len(rows), 4096)]
        counts = sparse.vstack(parts, format="csr")
        cells = AnnData(obs=obs, var=cells.var, uns=dict(cells.uns))
    if samples > 1:
        part = pd.Series(np.arange(cells.n_obs) % samples).astype(str).to_numpy()
        for name in ("sample_id", "donor_id"):
            cells.obs[name] = pd.Categorical(cells.obs[name].astype(str).to_numpy() + "_" + part)
    write_cells(target, cells, {"counts": RowsInMemory(counts)})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{counts.shape[0]:,} cells × {counts.shape[1]:,} genes, {counts.nnz / 1e6:.0f} million values, {target}")
    print(f"made within {peak:.1f} GiB")


def _share_for(counts: sparse.csr_matrix, values: int) -> float:
    """Find the share of the transcripts that leaves a cell so many genes."""
    low, high = 0.0, 1.0
    for _ in range(30):
        share = (low + high) / 2
        seen = (1 - (1 - share) ** counts.data.astype(float)).sum() / counts.shape[0]
        low, high = (share, high) if seen < values else (low, share)
    return low


def _thinned(counts: sparse.csr_matrix, share: float, rng: np.random.Generator) -> sparse.csr_matrix:
    counts.data = rng.binomial(counts.data, share).astype(np.int32)
    counts.eliminate_zeros()
    return counts


def run(source: Path, folder: Path, integration: str) -> None:
    """Take the cells through the stages as the workflow does, each a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{'stage':12s} {'wall s':>8s} {'cpu s':>8s} {'peak GiB':>9s}")
    for words in _stages(source, integration):
        _timed(words, folder)
    obs = read_obs(folder / "cells.h5ad")
    singlet = ~obs["truth_doublet"].to_numpy(dtype=bool)
    right = (obs["cell_class"].astype(str) == obs["truth_class"].astype(str))[singlet]
    unassigned = (obs["cell_class"].astype(str) == "unassigned").mean()
    print(
        f"{len(obs):,} cells kept; class right in {right.mean():.3f} of the single cells, {unassigned:.3f} unassigned"
    )


def _stages(source: Path, integration: str) -> list[str]:
    """Return the commands of the rules, from the file to the contrasts."""
    return [
        f"read {source.resolve()} --out raw.h5ad",
        "quality raw.h5ad --out kept.h5ad --dropped dropped.h5ad --summary quality.json --sex sex.parquet"
        " --ambient ambient.parquet",
        "annotate kept.h5ad --dropped dropped.h5ad --out cells.h5ad --annotation annotation.parquet"
        f" --evidence evidence.parquet --summary annotation.json --compartment drg --integration {integration}",
        "profiles cells.h5ad --out profiles.h5ad",
        "score profiles.h5ad --ambient ambient.parquet --out interactions.parquet",
        "contrast profiles.h5ad --out contrasts.parquet --composition composition.parquet"
        " --response response.parquet --reference-condition naive --reference-sex male",
    ]


def _timed(words: str, folder: Path) -> None:
    begun = time.perf_counter()
    started = subprocess.Popen([sys.executable, "-m", "dolor", *words.split()], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    wall, cpu, peak = time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
    print(f"{words.split()[0]:12s} {wall:8.1f} {cpu:8.1f} {peak:9.2f}", flush=True)
    if status:
        raise SystemExit(f"dolor {words} failed")


def workflow(source: Path, folder: Path, integration: str, cores: int) -> None:
    """Run the whole workflow on the cells as a user does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.yaml").write_text(_CONFIG.format(study=json.dumps(str(source.resolve())), integration=integration))
    words = [sys.executable, "-m", "dolor", "run", "run.yaml", "--cores", str(cores)]
    with subprocess.Popen(words, cwd=folder) as started:
        print(_watched(psutil.Process(started.pid)).to_string(float_format="{:.2f}".format, col_space=9))
    if started.returncode:
        raise SystemExit("the run failed")


def _watched(process: psutil.Process) -> pd.DataFrame:
    """Wait for a process; return seconds and memory of each command that it started, and of all together.

    Looked at once a second, so what is shorter is missed. Pages that processes share are counted once.
    """
    rows = {"all together": {"wall s": 0.0, "cpu s": 0.0, "peak GiB": 0.0}}
    begun: dict[str, float] = {}
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        now = {"all together": np.zeros(2)}
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                used = np.array([sum(one.cpu_times()[:2]), one.memory_full_info().pss / 2**30])
                for name in ("all together", _command(one.cmdline())):
                    now[name] = now.get(name, np.zeros(2)) + used
        for name, (cpu, memory) in now.items():
            row = rows.setdefault(name, {"wall s": 0.0, "cpu s": 0.0, "peak GiB": 0.0})
            row["wall s"] = time.perf_counter() - begun.setdefault(name, time.perf_counter())
            row["cpu s"], row["peak GiB"] = max(row["cpu s"], cpu), max(row["peak GiB"], memory)
        time.sleep(1)
    total = rows.pop("all together")
    total["cpu s"] = sum(row["cpu s"] for row in rows.values())
    return pd.DataFrame.from_dict(rows | {"all together": total}, orient="index")


def _command(words: list[str]) -> str:
    """Name the command of a job; what starts and watches jobs is the run itself."""
    return words[2] if len(words) > 2 and Path(words[1]).name == "dolor" else "the run itself"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "run", "workflow"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--values", type=int, default=0, help="make: stored values a cell; 0: as simulated")
    parser.add_argument("--samples", type=int, default=1, help="make: samples that each library is dealt out to")
    parser.add_argument("--folder", type=Path, help="where results are kept; default: a temporary folder")
    parser.add_argument("--integration", default="none", choices=["none", "harmony"])
    parser.add_argument("--cores", type=int, default=1, help="workflow: processors to use")
    options = parser.parse_args()
    if options.what == "make":
        make(options.file, options.cells, options.genes, options.values, options.samples)
        return
    folder = options.folder or Path(tempfile.mkdtemp(prefix="dolor-scale-"))
    if options.what == "run":
        run(options.file, folder, options.integration)
    else:
        workflow(options.file, folder, options.integration, options.cores)


if __name__ == "__main__":
    main()
