"""Where the workflow lies: at the root of a checkout, beside this file in a wheel."""

from __future__ import annotations

from pathlib import Path

from dolor.errors import UsageError

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
    dolor.errors.UsageError
        There is no such profile.
    """
    shipped = workflow_path("profiles")
    for folder in (shipped / name, Path(name)):
        if (folder / "profile.yaml").is_file() or (folder / "config.yaml").is_file():
            return folder.resolve()
    names = ", ".join(sorted(folder.name for folder in shipped.iterdir() if folder.is_dir()))
    raise UsageError(f"there is no profile '{name}': name a folder with a profile.yaml, or one of {names}")
