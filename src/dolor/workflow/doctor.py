"""Is this installation whole, and can this configuration run here? Answered in seconds, without reading a matrix."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dolor.core.errors import DolorError
from dolor.workflow.paths import workflow_path

if TYPE_CHECKING:
    from dolor.config import Config, Dataset

# Packages with compiled parts: installed is not yet loadable.
_COMPILED = ("h5py", "igraph", "leidenalg", "numba", "pyarrow", "scipy.sparse", "skimage")
_DEVELOPERS = ("dev", "test", "docs")
_DISK_LEFT = 2 * 2**30
# What a run writes beside its input: the cells as read, as kept and as annotated, each about as large as the input.
_COPIES = 3


@dataclass(frozen=True)
class Finding:
    """One line of the examination; ``code`` is the exit code that a fault asks for."""

    state: Literal["ok", "note", "fault"]
    text: str
    code: int = 0

    def __str__(self) -> str:
        return f"{self.state:<5}  {self.text}"


def examine(config: Path | None = None, folder: Path = Path()) -> Iterator[Finding]:
    """Look at the installation, the machine, and a configuration.

    Parameters
    ----------
    config
        The configuration of a run; without one only the installation is looked at.
    folder
        Where the run would write.

    Yields
    ------
    One finding after another: ``ok``, ``note`` (works, but worth knowing) or ``fault``.

    Examples
    --------
    >>> next(examine()).text.startswith("Python")
    True
    """
    yield _python()
    yield from _packages()
    yield _compiled()
    yield from _extras()
    yield _shipped()
    yield _machine()
    yield from _writing(folder)
    if config is not None:
        yield from _configuration(config, folder)


def _python() -> Finding:
    return Finding("ok", f"Python {sys.version.split()[0]}, dolor {metadata.version('dolor')}")


def _packages() -> Iterator[Finding]:
    """Compare what is installed with what dolor asks for."""
    faults = list(_unmet(None))
    for name, wanted, found in faults:
        yield Finding("fault", f"package {name}: {found or 'not installed'}; pip install '{name}{wanted}'", 2)
    if not faults:
        yield Finding("ok", "every package that dolor asks for is installed")


def _unmet(extra: str | None) -> Iterator[tuple[str, str, str]]:
    """Give name, versions wanted and version found of the requirements that are not met."""
    from packaging.requirements import Requirement

    for text in metadata.requires("dolor") or ():
        needed = Requirement(text)
        if needed.marker is None:
            asked_by = None
        elif needed.marker.evaluate({"extra": extra or ""}):
            asked_by = extra
        else:
            continue
        if asked_by != extra:
            continue
        try:
            found = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            found = ""
        if not found or not needed.specifier.contains(found, prereleases=True):
            yield needed.name, str(needed.specifier), found


def _compiled() -> Finding:
    """Load compiled packages in a process of its own: a broken one may take its process down."""
    script = "\n".join(f"name = {name!r}; print(name, flush=True); import {name}" for name in _COMPILED)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True)
    if done.returncode == 0:
        return Finding("ok", f"compiled packages load ({', '.join(_COMPILED)})")
    broken = (done.stdout.split() or ["?"])[-1].partition(".")[0]
    said = (done.stderr.strip().splitlines() or [f"its process was ended by signal {-done.returncode}"])[-1]
    return Finding("fault", f"package {broken} does not load: {said}; pip install --force-reinstall {broken}", 2)


def _extras() -> Iterator[Finding]:
    for extra in sorted(metadata.metadata("dolor").get_all("Provides-Extra") or ()):
        if extra in _DEVELOPERS:
            continue
        missing = [name for name, _, _ in _unmet(extra)]
        if missing:
            yield Finding(
                "note",
                f"extra {extra}: {', '.join(missing)} not installed; if you need it: pip install 'dolor[{extra}]'",
            )
        else:
            yield Finding("ok", f"extra {extra}: installed")


def _shipped() -> Finding:
    from dolor.core.package_files import signature_path

    needed = [
        workflow_path(name) for name in ("Snakefile", "workflows/rules", "config/config.yaml", "profiles/default")
    ]
    needed += [signature_path(name) for name in ("mediators.tsv", "populations.yaml", "orthologs.tsv", "datasets.yaml")]
    absent = [str(path) for path in needed if not path.exists()]
    if absent:
        return Finding("fault", f"{', '.join(absent)}: no such file; install dolor again", 4)
    return Finding("ok", f"workflow and knowledge: {workflow_path('').resolve()}")


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Finding("ok", f"{cores} cores, {memory:.0f} GiB of memory")


def _writing(folder: Path) -> Iterator[Finding]:
    nearest = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        yield Finding("fault", f"{nearest}: cannot be written to; run in a folder of your own", 3)
        return
    free = shutil.disk_usage(nearest).free
    state: Literal["ok", "note"] = "ok" if free > _DISK_LEFT else "note"
    yield Finding(state, f"{nearest}: can be written to, {free / 2**30:.0f} GiB free")
    locks = list((nearest / ".snakemake" / "locks").glob("*.lock"))
    if locks:
        yield Finding("note", f"{nearest}: a run is at work here, or was killed; `dolor run` says which")


def _configuration(config: Path, folder: Path) -> Iterator[Finding]:
    from dolor.config import load

    try:
        run = load(config)
    except DolorError as error:
        yield Finding("fault", str(error), error.exit_code)
        return
    yield Finding("ok", f"{config}: {len(run.datasets)} datasets, results go to {folder / run.results}")
    sizes = 0
    for dataset in run.datasets:
        if not isinstance(dataset, str):
            finding, size = _dataset(dataset, run, folder)
            sizes += size
            yield finding
    yield from _files(run, folder)
    free = shutil.disk_usage(folder).free if folder.exists() else _COPIES * sizes
    if free < _COPIES * sizes:
        yield Finding(
            "fault", f"{folder}: {free / 2**30:.1f} GiB free, and the run writes about {_COPIES * sizes / 2**30:.1f}", 3
        )


def _dataset(dataset: Dataset, run: Config, folder: Path) -> tuple[Finding, int]:
    """Say whether the file of a dataset can be read, and how large it is."""
    from dolor.config import reference_levels
    from dolor.studies import registry
    from dolor.studies.files import is_offered
    from dolor.studies.read import SIMULATED, is_registered, study_file

    named = f"dataset {dataset.id}"
    try:
        reference_levels(dataset, run)
        if dataset.study == SIMULATED:
            return Finding("ok", f"{named}: simulated, {run.simulate.cells} cells a sample"), 0
        path = folder / study_file(dataset.study, dataset.path)
        is_public = not dataset.path and is_registered(dataset.study) and is_offered(registry.show(dataset.study))
        if is_public and not path.exists():
            return Finding("note", f"{named}: {dataset.study} will be downloaded within the run"), 0
    except DolorError as error:
        return Finding("fault", f"{named}: {error}", error.exit_code), 0
    if not path.exists():
        return Finding("fault", f"{named}: {path}: no such file", 3), 0
    if not os.access(path, os.R_OK):
        return Finding("fault", f"{named}: {path}: cannot be read; look at its permissions", 3), 0
    if path.is_dir():
        return Finding("ok", f"{named}: {path}, a folder"), 0
    size = path.stat().st_size
    state: Literal["ok", "fault"] = "ok" if size else "fault"
    return Finding(state, f"{named}: {path}, {size / 2**20:.1f} MiB", 0 if size else 3), size


def _files(run: Config, folder: Path) -> Iterator[Finding]:
    """Look for the tables of one's own that the configuration names."""
    for key, name in (("pairs.file", run.pairs.file), ("annotate.signatures", run.annotate.signatures)):
        if name and not (folder / name).is_file():
            yield Finding("fault", f"{key}: {folder / name}: no such file", 2)
