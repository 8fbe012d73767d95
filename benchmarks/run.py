"""Run benchmarks and write a page for each into docs/benchmarks/: what was run, on what machine, what it printed.

    python benchmarks/run.py                 all of them, at the sizes below
    python benchmarks/run.py contrasts       one or some

A benchmark is a script of this folder that begins with `bench_`; RUNS gives the arguments of those that need some, one
run for each. Peers get environments of their own in `.peers`. Nothing on the pages is by hand. `make bench` runs
all and takes hours; real data is found by $DOLOR_DATA, and the reference folder by $DOLOR_REFERENCE.
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
RUNS = {
    "accuracy": ("--venv .peers",),
    "annotation": ("kang yu allen tms", "simulated --seeds 201 202 203 204 205", "left_out --seeds 201"),
    "cells": ("--first 201 --seeds 5",),
    "census": ("--cells 1000000",),
    "power": ("--venv .peers --seeds 3",),
    "process": ("--venv .peers",),
    "profiles": ("--venv .peers --rounds 1", "--venv .peers --rounds 1 --gzip --cells 1000000 --ways read"),
    "pvalues": (
        "--venv .peers --cells 5000",
        "--venv .peers --cells 20000 100000 --rounds 1 --peers liana squidpy fastccc",
    ),
    "read": ("", "--large"),
    "report": ("--rows 10000 100000",),
    "truth": ("--seeds 2",),
}
# Run in two steps with a folder between them, so by hand: see their first lines.
BY_HAND = ("resources", "scale")


def benchmarks() -> dict[str, Path]:
    """Find the scripts, by the name that they are asked for."""
    found = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    return {name: path for name, path in found.items() if name not in BY_HAND}


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
    """Run one benchmark, once for each of its arguments, and return its page."""
    first_line = script.read_text(encoding="utf-8").split('"""')[1].strip().splitlines()[0]
    parts = [f"# {name.replace('_', ' ').capitalize()}\n\n{first_line}\n"]
    for words in RUNS.get(name, ("",)):
        parts.append(_section(script, shlex.split(words)))
    return "\n".join(parts)


def _section(script: Path, arguments: list[str]) -> str:
    where, start = machine(), time.perf_counter()
    run = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, cwd=HERE.parent)
    if run.returncode:
        raise SystemExit(f"{script.name} failed:\n{run.stderr[-2000:]}")
    command = shlex.join(["python", f"benchmarks/{script.name}", *arguments])
    took = f"Machine: {where}. Took {time.perf_counter() - start:.0f} s."
    return f"```sh\n{command}\n```\n\n{took}\n\n```text\n{run.stdout.rstrip()}\n```\n"


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
