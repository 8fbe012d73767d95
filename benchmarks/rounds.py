"""What the benchmarks share: environments of peers, processes measured one at a time, figures paired by round."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# What each peer is installed from, in an environment of its own.
REQUIREMENTS = {
    "liana": ("liana==1.10.0", "anndata==0.12.19"),
    "squidpy": ("squidpy==1.8.2", "anndata==0.12.19"),
    "fastccc": ("fastccc-modern==1.0.1.post1", "anndata==0.12.19"),
    "cellphonedb": ("cellphonedb==5.0.1", "scikit-learn<1.6", "anndata==0.12.19"),
    "pydeseq2": ("pydeseq2==0.5.4", "liana==1.10.0", "anndata==0.12.19"),
    "decoupler": ("decoupler==2.2.0", "scanpy==1.11.5", "anndata==0.12.19"),
}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS")


def interpreter(folder: Path, peer: str) -> Path:
    """Return the Python of a peer's environment, made on the first call; what is not a peer runs in this one."""
    if peer not in REQUIREMENTS:
        return Path(sys.executable)
    home = folder / peer
    if not (home / "ready").exists():
        print(f"installing {', '.join(REQUIREMENTS[peer])} into {home}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin/python"), "-m", "pip", "install", "-q", *REQUIREMENTS[peer]], check=True)
        (home / "ready").touch()
    return home / "bin" / "python"


def measure(python: Path, script: Path, arguments: Sequence[str], threads: int = 1) -> dict[str, float]:
    """Run a script that prints figures of its own as a last line of JSON; add those of the whole process."""
    environment = os.environ | dict.fromkeys(_THREADS, str(threads))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(python), str(script), *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{script.name} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(done.stdout.strip().splitlines()[-1]), "whole_process": whole}


def report_usage(wall: float, processor: float, **more: float) -> None:
    """Print the figures of a call, and the peak memory of this process, as the last line that :func:`measure` reads."""
    # Of this program alone; the resident size that ``getrusage`` tells is inherited from the process that started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"wall": wall, "processor": processor, "peak_mib": peak, **more}))


def median_ratio(peer: Sequence[dict[str, float]], ours: Sequence[dict[str, float]], figure: str) -> float:
    """Return how many times as much a peer takes, the median over rounds of the ratio within a round."""
    return round(statistics.median(a[figure] / b[figure] for a, b in zip(peer, ours, strict=True)), 1)


def rounded(rounds: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """Round figures for print."""
    return [{name: round(value, 3 if value < 100 else 0) for name, value in one.items()} for one in rounds]


def machine() -> dict[str, object]:
    """Say on what the figures were measured; a load near the number of cores means that others were at work."""
    described = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":", 1)[1].strip() for line in described if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
        "python": platform.python_version(),
    }
