"""Time of all five contrasts and of the sample-label check, on a simulated study of the size of a large atlas.

Usage: ``python benchmarks/bench_contrasts.py [--samples 24] [--types 20] [--pairs 4600] [--repeats 3]``
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable

import anndata
import numpy as np
import pandas as pd

from dolor.contrasts.contrast import contrast
from dolor.contrasts.permutation import relabel

REFERENCE = {"condition": "naive", "sex": "male"}


def profiles(samples: int, types: int, genes: int, seed: int = 0) -> anndata.AnnData:
    """Simulate profiles with every cell type in every sample and every gene detected."""
    rng = np.random.default_rng(seed)
    rows = [(sample, cell_type) for sample in range(samples) for cell_type in range(types)]
    level = rng.lognormal(1.0, 1.5, genes)
    counts = rng.poisson(level * rng.lognormal(0, 0.3, (len(rows), genes)))
    obs = pd.DataFrame({
        "dataset_id": "simulated", "sample_id": [f"s{s:02d}" for s, _ in rows], "tissue": "DRG", "organism": "human",
        "condition": ["injured" if s % 2 else "naive" for s, _ in rows],
        "sex": ["female" if s // 2 % 2 else "male" for s, _ in rows],
        "suspension_type": "cell", "assay": "10x", "cell_type": [f"type_{t:02d}" for _, t in rows],
        "n_cells": rng.integers(10, 200, len(rows)), "n_counts": counts.sum(axis=1),
    }, index=[f"s{s:02d}|{t:02d}" for s, t in rows])  # fmt: skip
    obs["donor_id"] = obs["sample_id"]
    made = anndata.AnnData(counts.astype(float), obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(genes)]))
    made.layers["psbulk_props"] = np.full(counts.shape, 0.5)
    for name in ("lognorm_s1", "lognorm_s2", "lognorm_s3"):
        made.layers[name] = np.zeros(counts.shape)
    return made


def pairs(number: int, genes: int, seed: int = 1) -> pd.DataFrame:
    """Draw ligand-receptor pairs at random."""
    rng = np.random.default_rng(seed)
    chosen = pd.DataFrame({"ligand": rng.integers(0, genes // 2, 2 * number)})
    chosen["receptor"] = rng.integers(genes // 2, genes, 2 * number)
    chosen = chosen.drop_duplicates().head(number).map(lambda gene: f"G{gene}")
    return chosen.assign(interaction_id=chosen["ligand"] + ":" + chosen["receptor"])


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor seconds of a call; on a busy machine the second is the fairer one."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - wall, 2), round(time.process_time() - cpu, 2)


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--types", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=4600)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    study, interactions = profiles(options.samples, options.types, 2000), pairs(options.pairs, 2000)
    contrasts = [timed(lambda: contrast(study, interactions, reference=REFERENCE)) for _ in range(options.repeats)]
    # The first call compiles the counting kernel, or reads it from the cache on disk.
    relabel(study, interactions.head(1), "injured", "naive", number=10)
    checks = [
        timed(lambda: relabel(study, interactions, "injured", "naive", number=1000)) for _ in range(options.repeats)
    ]
    print(json.dumps({
        "samples": options.samples, "types": options.types, "pairs": options.pairs,
        "contrast_wall_and_cpu_seconds": contrasts, "contrast_median": statistics.median(w for w, _ in contrasts),
        "relabel_1000_wall_and_cpu_seconds": checks, "relabel_median": statistics.median(w for w, _ in checks),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
