"""The side file of a result: what it was made from, how, with which versions, and what was left out.

It holds no time and no machine name, so that the same run gives the same side file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dolor.io.write import write_text

_PACKAGES = ("dolor", "anndata", "decoupler", "leidenalg", "numpy", "pandas", "scanpy", "scipy", "snakemake")


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file, read in pieces; of a folder (a zarr store), that of its files' names and sums."""
    digest = hashlib.sha256()
    if Path(path).is_dir():
        for file in sorted(part for part in Path(path).rglob("*") if part.is_file()):
            digest.update(f"{file.relative_to(path)}\0{sha256(file)}\n".encode())
        return digest.hexdigest()
    with Path(path).open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of dolor and of the packages that its numbers rest on."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_provenance(
    result: Path | str,
    *,
    stage: str,
    inputs: Iterable[Path | str] = (),
    parameters: Mapping[str, Any] | None = None,
    dropped: Mapping[str, Any] | None = None,
) -> Path:
    """Write ``<result>.json`` beside a result.

    Parameters
    ----------
    result
        The file that the side file tells about.
    stage
        The stage that made it.
    inputs
        Files that it was made from; each is named with its SHA-256.
    parameters
        The options of the stage.
    dropped
        What was left out, and why.

    Returns
    -------
    The path of the side file.
    """
    side = Path(f"{result}.json")
    paths = [Path(path) for path in inputs]
    # Files of several datasets bear one name: their folders keep them apart.
    often = Counter(path.name for path in paths)
    named = {f"{path.parent.name}/{path.name}" if often[path.name] > 1 else path.name: path for path in paths}
    record = {
        "result": Path(result).name,
        "stage": stage,
        "inputs": {name: sha256(path) for name, path in named.items()},
        "parameters": dict(parameters or {}),
        "versions": versions(),
        "dropped": dict(dropped or {}),
    }
    write_text(side, json.dumps(record, indent=2, sort_keys=True, default=str) + "\n")
    return side
