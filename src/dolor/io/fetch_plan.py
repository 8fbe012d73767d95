"""What a fetch would do: which files, whether they are here, from where they come, and how large they are."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dolor.errors import DataError, UsageError
from dolor.io.download import offered_size
from dolor.io.files import address, needed_files

if TYPE_CHECKING:
    from dolor.knowledge.study import Study, StudyFile

_UNITS = {"bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}


@dataclass(frozen=True)
class Planned:
    """One file of a study.

    Parameters
    ----------
    target
        Where it is, or will be.
    source
        The address or the file that it comes from; empty where it is here.
    size
        In bytes, as the source says; 0 if nobody does.
    """

    target: Path
    source: str = ""
    size: int = 0

    @property
    def is_here(self) -> bool:
        """Whether there is nothing to fetch."""
        return not self.source

    @property
    def is_remote(self) -> bool:
        """Whether it comes over the network."""
        return self.source.startswith(("http://", "https://"))


def plan(study: Study, folder: Path, mirror: str) -> list[Planned]:
    """Plan a fetch; servers are asked for sizes unless ``DOLOR_OFFLINE`` is set.

    Parameters
    ----------
    study
        The entry.
    folder
        Where its files go.
    mirror
        A folder or an address to take them from; empty: from where they are published.

    Raises
    ------
    dolor.errors.UsageError
        The entry names no file, or no address is known for one.
    dolor.errors.DataError
        The mirror is a folder without one of the files.
    """
    files = needed_files(study)
    if not files:
        raise UsageError(f"study '{study.id}' names no files to fetch; see  dolor datasets show {study.id}")
    return [_planned(study, file, folder / file.name, mirror) for file in files]


def _planned(study: Study, file: StudyFile, target: Path, mirror: str) -> Planned:
    if target.exists():
        return Planned(target)
    if mirror and not mirror.startswith(("http://", "https://")):
        places = (Path(mirror) / study.id / file.name, Path(mirror) / file.name)
        source = next((path for path in places if path.is_file()), None)
        if source is None:
            raise DataError(f"{mirror}: holds neither '{study.id}/{file.name}' nor '{file.name}'")
        return Planned(target, str(source), source.stat().st_size)
    url = f"{mirror.rstrip('/')}/{study.id}/{quote(file.name)}" if mirror else address(file)
    asked = 0 if os.environ.get("DOLOR_OFFLINE") else offered_size(url)
    return Planned(target, url, asked or _as_shown(file.size))


def _as_shown(text: str) -> int:
    """Read a size as a source shows it, such as ``381 MB``."""
    found = re.fullmatch(r"([\d.]+)\s*(bytes|[kMG]B)", text.strip(), re.IGNORECASE)
    return int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
