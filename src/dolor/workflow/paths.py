"""Where the workflow lies: at the root of a checkout, beside this file in a wheel.

What a job needs of memory and time, from the size of its input: straight lines through measured runs.

The lines of quality, annotate and profiles are flat for their input: these read a block of cells at a time, and what
grows are the tables of cells. So is ``read_stored``, the line of `dolor read` for an h5ad file of one's own.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import pandas as pd

from dolor.core.errors import UsageError

__all__ = ["memory_mb", "profile_path", "runtime_minutes", "table", "without_braces", "workflow_path"]

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[2]


def workflow_path(name: str) -> Path:
    """Return the path of a file or folder of the workflow, such as ``Snakefile`` or ``config/config.yaml``.

    Examples
    --------
    >>> workflow_path("Snakefile").is_file()
    True
    """
    return (_HERE if (_HERE / "Snakefile").is_file() else _CHECKOUT) / name


def profile_path(name: str) -> Path:
    """Return the folder of a profile: one of those that dolor ships, by name, or a folder of one's own.

    Raises
    ------
    dolor.core.errors.UsageError
        There is no such profile.
    """
    shipped = workflow_path("profiles")
    for folder in (shipped / name, Path(name)):
        if (folder / "profile.yaml").is_file() or (folder / "config.yaml").is_file():
            return folder.resolve()
    names = ", ".join(sorted(folder.name for folder in shipped.iterdir() if folder.is_dir()))
    raise UsageError(f"there is no profile '{name}': name a folder with a profile.yaml, or one of {names}")


_LINKS = Path(".snakemake/dolor/links")


def without_braces(path: Path | str, *, folder: bool = False) -> str:
    """Name a file so that Snakemake does not take a part of its name for a wildcard.

    Parameters
    ----------
    path
        A file or folder, as seen from the working directory.
    folder
        Whether it is a folder, to be made if it is not there.

    Returns
    -------
    The path itself if it holds no braces; else the way to it from the working directory, or a link to it.
    """
    if "{" not in str(path):
        return str(path)
    relative = os.path.relpath(path)
    if "{" not in relative:
        return relative
    target = Path(path).absolute()
    if folder:
        target.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(str(target).encode()).hexdigest()[:12]
    link = _LINKS / digest / target.name.replace("{", "(").replace("}", ")")
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(target)
    return str(link)


# Jobs are given more than the line says: one that is killed for memory costs a whole run of it.
_MARGIN = 1.5
# A study that is downloaded within the run is not yet there to be weighed.
_LEAST_MB = 4000
_LEAST_MINUTES = 15


@cache
def table() -> pd.DataFrame:
    """Return the lines, by rule: ``mb``, ``mb_per_input_mb``, ``minutes``, ``minutes_per_input_mb``."""
    return pd.read_csv(workflow_path("workflows/resources.tsv"), sep="\t", comment="#", index_col="rule")


def memory_mb(rule: str, input_mb: float, attempt: int = 1) -> int:
    """Say how much memory to ask for, in MB; each further attempt asks for as much again.

    Parameters
    ----------
    rule
        Name of the rule.
    input_mb
        Size of all its input files on disk.
    attempt
        1 for the first.

    Examples
    --------
    >>> memory_mb("annotate", 1000) > memory_mb("annotate", 10)
    True
    """
    return attempt * max(_LEAST_MB, int(_MARGIN * _on_line(rule, "mb", input_mb)))


def runtime_minutes(rule: str, input_mb: float, attempt: int = 1) -> int:
    """Say how long a job may take, in minutes; parameters as in :func:`memory_mb`."""
    return attempt * max(_LEAST_MINUTES, int(_MARGIN * _on_line(rule, "minutes", input_mb)))


def _on_line(rule: str, need: str, input_mb: float) -> float:
    line = table().loc[rule].to_dict()
    return float(line[need]) + float(line[f"{need}_per_input_mb"]) * input_mb
