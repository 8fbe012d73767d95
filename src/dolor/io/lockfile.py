"""Checksums of what was downloaded: recorded at the first download, held against the file ever after."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from dolor.errors import DataError, IntegrityError
from dolor.io.atomic import write_text
from dolor.io.provenance import sha256

NAME = "downloads.lock.json"


def recorded(folder: Path) -> dict[str, dict[str, str]]:
    """Read the lock file of a folder.

    Returns
    -------
    File name -> ``sha256``, ``size`` and ``url``; empty if nothing was downloaded yet.

    Raises
    ------
    dolor.errors.DataError
        It is no lock file.
    """
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): {key: str(entry[key]) for key in ("sha256", "size", "url")} for name, entry in content.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: is no lock file ({error}); delete it to record checksums anew") from None


def record(path: Path, url: str, checksum: str) -> None:
    """Add one file to the lock file of its folder; of several processes that do, none loses what another wrote."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        entries = recorded(path.parent)
        entries[path.name] = {"sha256": checksum, "size": str(path.stat().st_size), "url": url}
        write_text(path.parent / NAME, json.dumps(entries, indent=2, sort_keys=True) + "\n")
    finally:
        os.close(folder)


def verify(path: Path) -> bool:
    """Hold a file against what was recorded of it.

    Returns
    -------
    Whether anything was recorded.

    Raises
    ------
    dolor.errors.IntegrityError
        It is not the file that was downloaded.
    """
    entry = recorded(path.parent).get(path.name)
    if entry is None:
        return False
    size = path.stat().st_size
    if str(size) != entry["size"]:
        raise IntegrityError(
            f"{path}: has {size:,} bytes, {int(entry['size']):,} were recorded; delete it to fetch it again"
        )
    if sha256(path) != entry["sha256"]:
        raise IntegrityError(f"{path}: is not the file that was downloaded (SHA-256); delete it to fetch it again")
    return True
