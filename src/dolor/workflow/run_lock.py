"""One run at a time in a folder, and no dead run in the way of the next.

Snakemake locks its folder with files that outlive a kill. Here the operating system holds the lock, so that it is gone
with the last process that had it; a mark tells that the run before did not end, and so whose Snakemake locks are stale.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dolor.core.errors import DataError, UsageError


@dataclass(frozen=True)
class Hold:
    """The lock that is held: its descriptor, to be handed to Snakemake, and whether the run before was killed."""

    descriptor: int
    left_by_the_dead: bool


@contextmanager
def sole_run(folder: Path) -> Iterator[Hold]:
    """Hold a folder for one run.

    Parameters
    ----------
    folder
        The working directory of the run.

    Yields
    ------
    The lock; it lasts as long as any process has its descriptor.

    Raises
    ------
    dolor.core.errors.UsageError
        A run is at work in the folder.
    dolor.core.errors.DataError
        The folder cannot be written to.
    """
    state = folder / ".snakemake"
    try:
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state / "dolor.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written to ({error.strerror}); run in a folder of your own") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UsageError(f"{folder}: another run is at work here; wait for it, or stop it first") from None
    try:
        unfinished = os.fstat(descriptor).st_size > 0
        if not unfinished and any((state / "locks").glob("*.lock")):
            raise UsageError(
                f"{folder}: Snakemake holds this folder, or was killed while it did; "
                "if none is at work, free it with  dolor run --unlock"
            )
        os.pwrite(descriptor, b"a run has begun here\n", 0)
        yield Hold(descriptor, left_by_the_dead=unfinished)
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
