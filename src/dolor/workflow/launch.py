"""Starting Snakemake on a configuration, showing its progress, and reporting in one sentence what went wrong.

One run at a time uses a results folder. Snakemake locks its folder with files that outlive a kill; here the operating
system holds the lock, so that it ends with the last process that had it, and a mark tells whether the run before ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dolor.core.errors import DataError, RunError, UsageError
from dolor.io.write import write_text
from dolor.workflow.paths import profile_path, workflow_path
from dolor.workflow.progress import Job, Progress

if TYPE_CHECKING:
    from dolor.config import Config

__all__ = ["Hold", "launch", "own_results", "sole_run", "unlock"]


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


_SECONDS_BETWEEN_DRAWINGS = 0.5


def launch(
    config: Path, *, folder: Path = Path(), cores: int = 1, profile: str = "default", more: Sequence[str] = ()
) -> None:
    """Run the workflow, or go on with it where it was left.

    Parameters
    ----------
    config
        The configuration of the run.
    folder
        Working directory: results, logs and Snakemake's own records are written there.
    cores
        Processors to use; with a cluster profile those of the jobs that stay here.
    profile
        ``default``, ``slurm``, or a folder with a profile of Snakemake.
    more
        Further words for Snakemake, such as ``--dry-run`` or a target.

    Raises
    ------
    dolor.core.errors.RunError
        A job failed; what was finished is kept. Its exit code is that of the job.
    dolor.core.errors.DolorError
        The configuration is wrong, or another run is at work in the folder.
    """
    from dolor.config import load, reference_levels

    run = load(config)
    for dataset in run.datasets:
        if not isinstance(dataset, str):
            reference_levels(dataset, run)
    words = [*_snakemake(folder), "--cores", str(cores), "--workflow-profile", str(profile_path(profile))]
    # `=` keeps Snakemake from taking the words that follow as further configurations.
    with sole_run(folder) as hold:
        if "--dry-run" not in more:
            own_results(folder, folder / run.results)
        checked = _written(run, folder)
        words += [f"--configfile={checked}", *more]
        if hold.left_by_the_dead:
            unlock(folder, config)
        _watch(words, hold, folder)


def own_results(folder: Path, results: Path) -> None:
    """Mark a folder of results as that of one working folder.

    Two of them would each take the files of the other for their own, since what Snakemake knows of a file lies in the
    working folder.

    Raises
    ------
    dolor.core.errors.UsageError
        The results are those of another working folder, which is still there.
    """
    mark = results / ".dolor_working_folder"
    here = os.path.relpath(folder, results)
    try:
        other = mark.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        other = ""
    if other and other != here and (results / other / ".snakemake").is_dir():
        raise UsageError(
            f"{results}: these are the results of the working folder {(results / other).resolve()}; run there, or name "
            f"another folder for `results` (if that folder is given up, delete {mark})"
        )
    if other != here:
        write_text(mark, f"{here}\n")


def _written(run: Config, folder: Path) -> Path:
    """Write the configuration as it was understood, for Snakemake."""
    path = folder / ".snakemake" / "dolor" / "config.json"
    write_text(path, json.dumps(run.model_dump(), indent=2, ensure_ascii=False) + "\n")
    return path.resolve()


def unlock(folder: Path, config: Path) -> None:
    """Take away the locks of a Snakemake that was killed in a folder.

    Raises
    ------
    dolor.core.errors.UsageError
        Snakemake refuses.
    """
    words = [*_snakemake(folder), f"--configfile={config.resolve()}", "--unlock", "--cores", "1"]
    done = subprocess.run(words, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        raise UsageError(f"{folder}: cannot be unlocked: {(done.stderr.strip().splitlines() or [''])[-1]}")


def _snakemake(folder: Path) -> list[str]:
    snakefile = workflow_path("Snakefile")
    return [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(folder)]


def _environment() -> dict[str, str]:
    """Let the rules find the `dolor` of this very installation."""
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([here, os.environ.get("PATH", os.defpath)]), "PYTHONUNBUFFERED": "1"}


def _watch(words: Sequence[str], hold: Hold, folder: Path) -> None:
    progress = Progress()
    child = subprocess.Popen(
        words,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=[hold.descriptor],
    )
    with child, _passing_on(child), _drawing(progress, sys.stderr) as tell:
        for line in child.stdout or ():
            said = progress.take(line.rstrip("\n"))
            if "--dry-run" in words:
                tell(line.rstrip("\n"))
            elif said:
                tell(f"done  {said}")
    if child.returncode:
        raise _fault(progress, child.returncode, folder)


@contextmanager
def _passing_on(child: subprocess.Popen[str]) -> Iterator[None]:
    """Let Snakemake end its jobs when this process is asked to end; Ctrl-C reaches it from the terminal by itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    interrupt = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
        signal.signal(signal.SIGINT, interrupt)


@contextmanager
def _drawing(progress: Progress, stream: TextIO) -> Iterator[_Tell]:
    """Keep one line of a terminal up to date; elsewhere only what was done is written."""
    tell = _Tell(progress, stream)
    if not stream.isatty():
        yield tell
        return
    ended = threading.Event()

    def draw() -> None:
        while not ended.wait(_SECONDS_BETWEEN_DRAWINGS):
            tell("")

    drawer = threading.Thread(target=draw, daemon=True)
    drawer.start()
    try:
        yield tell
    finally:
        ended.set()
        drawer.join()
        stream.write("\r\x1b[K")


class _Tell:
    """Writes lines above the one that shows the progress."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self.progress, self.stream, self.lock = progress, stream, threading.Lock()

    def __call__(self, line: str) -> None:
        with self.lock:
            if self.stream.isatty():
                width = shutil.get_terminal_size().columns
                above = f"{line}\n" if line else ""
                self.stream.write(f"\r\x1b[K{above}{self.progress.line(width - 1)}")
            else:
                self.stream.write(f"{line}\n")
            self.stream.flush()


def _fault(progress: Progress, returncode: int, folder: Path) -> RunError:
    if progress.failed:
        first, *others = progress.failed.values()
        also = f" (and {len(others)} more: {', '.join(map(str, others))})" if others else ""
        return RunError(
            f"{first} failed{also}: {_reason(first, folder)}. What was finished is kept; mend this and run again",
            progress.status,
        )
    if returncode < 0:
        return RunError(f"Snakemake was ended by signal {-returncode}; run again to go on", 128 - returncode)
    own = [line for line in progress.last_lines if line.startswith("dolor: ")]
    said = own or [line for line in progress.last_lines if line.strip()]
    return RunError(f"Snakemake ended: {' '.join(said[-1:]).removeprefix('dolor: ').strip()}", 2 if own else returncode)


def _reason(job: Job, folder: Path) -> str:
    """Give the sentence that the job itself wrote, or the last line of its log."""
    try:
        lines = (folder / job.log).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return f"it left no log at '{job.log}'"
    own = [line.removeprefix("dolor: ") for line in lines if line.startswith("dolor: ")]
    return f"{(own or lines or ['it said nothing'])[-1].rstrip('.')} (log: {job.log})"
