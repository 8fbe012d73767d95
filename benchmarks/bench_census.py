"""Cells of a Census on disk to profiles and contrasts, never whole in memory: time and peak memory.

Usage: ``python benchmarks/bench_census.py [--cells 1000000] [--folder DIR]``; needs the extra ``census``.

The Census is local and simulated: random counts over genes of the catalog and others, 24 donors, 12 cell types. It is
written in pieces, so making it takes little memory too; reading it runs in a process of its own, whose peak counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "make_formats"))
PIECE = 50_000
GENES, STORED, DONORS = 3_000, 120, 24
TYPES = (
    "macrophage", "microglial cell", "mast cell", "neutrophil", "T cell", "B cell", "nociceptor", "neuron",
    "Schwann cell", "fibroblast", "endothelial cell", "pericyte",
)  # fmt: skip
QUERY = ("--organism", "mouse", "--tissue", "dorsal root ganglion")


def make(folder: Path, cells: int) -> Path:
    """Write the Census."""
    from census import with_genes, write_census

    from dolor import catalog
    from dolor.core.package_files import signature_path

    known = pd.read_csv(signature_path("genes_mouse.tsv.gz"), sep="\t", dtype=str, keep_default_na=False)
    known = known[known["ensembl"] != ""].drop_duplicates("symbol").drop_duplicates("ensembl")
    pairs = catalog.interactions("mouse")
    first = known["symbol"].isin({gene for text in (*pairs["ligand"], *pairs["receptor"]) for gene in _genes(text)})
    genes = pd.concat([known[first], known[~first]]).head(GENES)
    rng = np.random.default_rng(0)

    def part(start: int) -> object:
        rows = min(PIECE, cells - start)
        columns = np.sort(rng.integers(0, GENES, (rows, STORED)), axis=1).ravel()
        values = rng.geometric(0.5, rows * STORED).astype(np.float32)
        counts = sparse.csr_matrix((values, columns, np.arange(0, rows * STORED + 1, STORED)), shape=(rows, GENES))
        counts.sum_duplicates()
        donor = np.arange(start, start + rows) * DONORS // cells
        donors = [f"d{place:02d}" for place in donor]
        obs = pd.DataFrame(
            {
                "assay": "10x 3' v3", "cell_type": rng.choice(TYPES, rows), "dataset_id": "simulated",
                "disease": np.where(donor % 2, "neuropathy", "normal"), "donor_id": donors,
                "sex": np.where(donor // 2 % 2, "male", "female"), "suspension_type": "cell",
                "tissue": "dorsal root ganglion", "tissue_general": "nervous system", "is_primary_data": True,
            },
            index=[f"c{number}" for number in range(start, start + rows)],
        )  # fmt: skip
        return with_genes(counts, obs, genes["symbol"], genes["ensembl"])

    return write_census(folder / "census", (part(start) for start in range(0, cells, PIECE)))


def _genes(text: str) -> tuple[str, ...]:
    from dolor.knowledge import gene_logic

    return gene_logic.genes(text)


def measured(*words: str) -> dict[str, float]:
    """Run one ``dolor`` command in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    # VmHWM belongs to the program that runs; the maximum of getrusage would keep that of this process, which forked it.
    script = (
        "import sys\nfrom dolor.cli import main\ntry: main(sys.argv[1:])\n"
        "finally: print([line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line][0], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return {
        "wall_s": round(time.perf_counter() - start, 1),
        "processor_s": round(processor, 1),
        "peak_MiB": round(int(done.stderr.split()[-1]) / 1024),
        "said": done.stdout.strip().splitlines()[-1],
    }


def main() -> None:
    """Make, measure, print."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-census-") as name:
        folder = Path(name)
        start = time.perf_counter()
        made = make(folder, options.cells)
        size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
        print(
            f"{options.cells:,} cells x {GENES:,} genes, {options.cells * STORED:,} values, {size / 2**30:.2f} GiB, "
            f"made in {time.perf_counter() - start:.0f} s; load {os.getloadavg()[0]:.1f}"
        )
        profiles = str(folder / "profiles.h5ad")
        print("profiles ", json.dumps(measured("census", "--uri", str(made), *QUERY, "--profiles", profiles)))
        outputs = ("--out", str(folder / "c.parquet"), "--composition", str(folder / "n.parquet"))
        more = ("--response", str(folder / "r.parquet"), "--reference-condition", "normal")
        print("contrasts", json.dumps(measured("contrast", profiles, *outputs, *more)))


if __name__ == "__main__":
    main()
