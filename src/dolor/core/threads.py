"""How many threads a process may use: its own pools, numba and the libraries of linear algebra alike."""

from __future__ import annotations

import os
import sys

__all__ = ["allot", "n_threads"]

_ALLOTTED = "DOLOR_THREADS"
# Read by the libraries when they are loaded.
_OF_LIBRARIES = (
    "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)  # fmt: skip


def allot(threads: int) -> None:
    """Set how many threads this process and its children may use.

    Parameters
    ----------
    threads
        At least 1. Libraries of linear algebra that are loaded already keep their number.
    """
    for name in (_ALLOTTED, *_OF_LIBRARIES):
        os.environ[name] = str(threads)
    if "numba" in sys.modules:
        import numba

        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def n_threads() -> int:
    """Return how many threads may be used: those allotted, else one per processor of this process.

    Examples
    --------
    >>> n_threads() >= 1
    True
    """
    allotted = os.environ.get(_ALLOTTED, "")
    if allotted.isdecimal() and int(allotted) > 0:
        return int(allotted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
