"""How the tests of this folder start the workflow, and how they look at what it made."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A name with a space and an accent in it, for folders and for a file.
AWKWARD = "a run à part"
# Files of the user's own, under names that Snakemake and a shell could misread.
OWN_PAIRS, OWN_POPULATIONS = "my 'own' {pairs}.tsv", "my & {populations}.tsv"
OWN_FILES = {
    OWN_PAIRS: "ligand\treceptor\nSpp1\tCd44\n",
    OWN_POPULATIONS: "population\tgene\tsign\torganism\nmy_cell\tXkr4\t1\tmouse\nmy_cell\tSox17\t1\tmouse\n",
}
CONFIG = f"""\
title: Small run on simulated animals
datasets:
  - {{id: simulated_drg, study: simulated, compartment: drg}}
  - {{id: own_drg, study: "{AWKWARD}/cells é.h5ad", compartment: drg}}
simulate: {{animals: 2, cells: 60}}
pairs: {{file: "{OWN_PAIRS}"}}
annotate: {{signatures: "{OWN_POPULATIONS}"}}
contrast: {{reference: {{condition: naive, sex: male}}}}
"""


def environment(**more: str) -> dict[str, str]:
    """Let the rules find the `dolor` under test."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **more}


def snakemake(folder: Path, *more: str, root: Path = ROOT) -> list[str]:
    """Give the command that runs the workflow of a checkout in a folder that has a ``run.yaml``."""
    return [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), "--directory", str(folder)),
        *("--cores", "2", "--workflow-profile", str(root / "profiles" / "default")),
        *(f"--configfile={folder / 'run.yaml'}", *more),
    ]


def without_network() -> list[str]:
    """Give the words before a command that take the network from it; none where this machine does not allow it."""
    words = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    works = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return words if works else []


def hashes(folder: Path, pattern: str = "*.parquet") -> dict[str, str]:
    """Return the hash of every table of a run, or of the files that the pattern names."""
    # Without the hidden files that a killed writer leaves behind: no rule reads them.
    found = sorted(
        path for path in (folder / "results").rglob(pattern) if path.is_file() and not path.name.startswith(".")
    )
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def plan(folder: Path, *more: str, root: Path = ROOT) -> dict[str, int]:
    """Give the jobs that Snakemake would run, how many of each rule; empty if there is nothing to do."""
    done = subprocess.run(
        snakemake(folder, "--dry-run", "--quiet", "rules", *more, root=root),
        capture_output=True, text=True, env=environment(PYTHONPATH=str(root / "src")),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    table = (done.stdout + done.stderr).partition("Job stats:")[2].partition("total ")[0]
    return {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}
