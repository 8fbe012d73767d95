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
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dolor.core.errors import DataError, RunError, UsageError
from dolor.io.write import write_text
from dolor.workflow.paths import profile_path, workflow_path
from dolor.workflow.progress import Job, Progress

if TYPE_CHECKING:
    import psutil

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
    # `-P`: no module of the working folder is imported in place of one that is installed.
    return [sys.executable, "-P", "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(folder)]


def _environment() -> dict[str, str]:
    """Let the rules find the `dolor` of this very installation."""
    here = str(Path(sys.executable).parent)
    path = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}


def _watch(words: Sequence[str], hold: Hold, folder: Path) -> None:
    progress, token = Progress(), uuid.uuid4().hex
    child = subprocess.Popen(
        words,
        env={**_environment(), _MARK: token},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=[hold.descriptor],
    )
    with child, _ending_with_this(child, token) as came, _drawing(progress, sys.stderr) as tell:
        for line in child.stdout or ():
            said = progress.take(line.rstrip("\n"))
            if "--dry-run" in words:
                tell(line.rstrip("\n"))
            elif said:
                tell(f"done  {said}")
    if came:
        name = signal.Signals(came[0]).name
        raise RunError(f"ended by {name}; what was finished is kept, run again to go on", 128 + came[0])
    if child.returncode:
        raise _fault(progress, child.returncode, folder)


# Seconds after which Snakemake is asked once more, and after which it and its jobs are killed.
_ASKED_AGAIN, _KILLED = 3.0, 6.0
# What Snakemake and its jobs bear in their environment, by which those of one run are found.
_MARK = "DOLOR_RUN"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _ending_with_this(child: subprocess.Popen[str], token: str) -> Iterator[list[int]]:
    """End Snakemake and every job of it when this process is asked to end; give the signals that came."""
    came: list[int] = []
    ending: list[threading.Thread] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def end(number: int, _: object) -> None:
        came.append(number)
        if len(came) == 1:
            ending.append(threading.Thread(target=_end_all, args=(child, token, number), daemon=True))
            ending[0].start()

    earlier = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield came
    finally:
        # Snakemake may be gone before the last of its jobs is.
        for thread in ending:
            thread.join()
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _end_all(child: subprocess.Popen[str], token: str, number: int) -> None:
    """Ask Snakemake to cancel its jobs, also those of a cluster; kill what is left of them after some seconds."""
    import psutil

    begun, jobs = time.monotonic(), {job for job in _jobs(token) if job.pid != child.pid}
    if number != signal.SIGINT:
        # Ctrl-C has reached it from the terminal already; a second one would interrupt it while it cancels.
        child.send_signal(signal.SIGINT)
    for job in jobs:
        with suppress(psutil.Error):
            job.terminate()
    asked = False
    while child.poll() is None and time.monotonic() - begun < _KILLED:
        if not asked and time.monotonic() - begun > _ASKED_AGAIN:
            asked = True
            child.send_signal(signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)
        time.sleep(0.1)
    psutil.wait_procs(jobs, timeout=1)
    for job in jobs | _jobs(token):
        with suppress(psutil.Error):
            job.kill()
    child.kill()


def _jobs(token: str) -> set[psutil.Process]:
    """Return Snakemake and all that it started, also what has lost its parent."""
    import psutil

    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(_MARK) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process)
    return found


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
