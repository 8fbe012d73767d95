"""Run benchmarks and write a page for each into docs/benchmarks/: what was run, on what machine, what it printed.

    python benchmarks/run.py                 all of them, at the sizes below
    python benchmarks/run.py contrasts       one or some

A benchmark is any other script of this folder; SIZES gives arguments where its defaults are too large to run in turn.
Nothing on the pages is written by hand. `make bench` runs all.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = HERE.parent / "docs/benchmarks"
SIZES = {
    "truth": "--seeds 2",
    "cells": "--seeds 2",
    "contrasts": "--samples 12 --types 12 --pairs 1000 --repeats 3",
    "profiles": "--cells 100000 --genes 2000",
    "pvalues": "--cells 20000 --venv .peers",
}


def benchmarks() -> dict[str, Path]:
    """Find the scripts, by the name that they are asked for."""
    found = sorted(path for path in HERE.glob("*.py") if path != Path(__file__).resolve())
    return {path.stem.removeprefix("bench_"): path for path in found}


def machine() -> str:
    """Describe the machine and how busy it is now."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    model = models[0] if models else platform.processor() or platform.machine()
    packages = ", ".join(f"{name} {version(name)}" for name in ("dolor", "numpy", "scipy", "anndata"))
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB; Python {platform.python_version()}, {packages}; "
        f"load average when it began {os.getloadavg()[0]:.1f}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def page(name: str, script: Path) -> str:
    """Run one benchmark and return its page."""
    arguments = shlex.split(SIZES.get(name, ""))
    where, start = machine(), time.perf_counter()
    run = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, cwd=HERE.parent)
    if run.returncode:
        raise SystemExit(f"{script.name} failed:\n{run.stderr[-2000:]}")
    docstring = script.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
    command = shlex.join(["python", f"benchmarks/{script.name}", *arguments])
    return (
        f"# {name.replace('_', ' ').capitalize()}\n\n{docstring}\n\nMachine: {where}. "
        f"Took {time.perf_counter() - start:.0f} s.\n\n```sh\n{command}\n```\n\n```text\n{run.stdout.rstrip()}\n```\n"
    )


def main() -> None:
    """Run what is asked for, one at a time."""
    known = benchmarks()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"among {', '.join(known)}; default: all")
    names = parser.parse_args().names or list(known)
    unknown = sorted(set(names) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    PAGES.mkdir(exist_ok=True)
    for name in names:
        print(name, flush=True)
        (PAGES / f"{name}.md").write_text(page(name, known[name]), encoding="utf-8")


if __name__ == "__main__":
    main()
