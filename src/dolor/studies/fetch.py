"""Checksums of what was downloaded: recorded at the first download, held against the file ever after.

What a fetch would do: which files, whether they are here, from where they come, and how large they are.

Getting the files of a study: from their source, a mirror, or a folder.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dolor.core.errors import DataError, IntegrityError, NetworkError, UsageError
from dolor.io.provenance import sha256
from dolor.io.write import atomic_path, write_text
from dolor.studies import registry
from dolor.studies.download import Patience, check_room, download, offered_size
from dolor.studies.files import address, data_folder, needed_files

if TYPE_CHECKING:
    from dolor.studies.study import Study, StudyFile

__all__ = ["NAME", "Planned", "Say", "fetch", "in_units", "plan", "record", "recorded", "verify"]

NAME = "downloads.lock.json"


def recorded(folder: Path) -> dict[str, dict[str, str]]:
    """Read the lock file of a folder.

    Returns
    -------
    File name -> ``sha256``, ``size`` and ``url``; empty if nothing was downloaded yet.

    Raises
    ------
    dolor.core.errors.DataError
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
    dolor.core.errors.IntegrityError
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
    dolor.core.errors.UsageError
        The entry names no file, or no address is known for one.
    dolor.core.errors.DataError
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


Say = Callable[[str], None]


def fetch(
    name: str,
    *,
    mirror: Path | str | None = None,
    folder: Path | str | None = None,
    extra: Iterable[Path | str] = (),
    patience: Patience | None = None,
    say: Say | None = None,
    dry_run: bool = False,
) -> list[Path]:
    """Get the files of a study that reading it needs.

    Parameters
    ----------
    name
        Id of the study.
    mirror
        A folder that holds the files, under the id of the study or at its top, or an address that holds them under
        the id of the study; default: the environment's ``DOLOR_MIRROR``, else where the study is published.
    folder
        Where public data is kept; default ``$DOLOR_DATA``, else ``data``. The files go into its subfolder ``name``.
    extra
        Further registry files.
    patience
        How long to put up with a server.
    say
        Called with a line on each file: its size, how far it is, whether it was there already.
    dry_run
        Only say what would be fetched, from where, and how large it is.

    Returns
    -------
    The files. Each one's SHA-256 is recorded in ``downloads.lock.json`` at the first download and verified after;
    what is there already is not downloaded again.

    Raises
    ------
    dolor.core.errors.NetworkError
        A file did not arrive, or ``DOLOR_OFFLINE`` is set and it is not here.
    dolor.core.errors.IntegrityError
        A file is not the one that was recorded.
    dolor.core.errors.DataError
        There is no room for all of the files, or one cannot be written.
    dolor.core.errors.UsageError
        The study is unknown, or no address is known for its files.

    Examples
    --------
    >>> fetch("GSE154659", mirror="/media/geo")  # doctest: +SKIP
    """
    study = registry.show(name, extra=extra)
    target = data_folder(folder) / study.id
    source = str(mirror or os.environ.get("DOLOR_MIRROR") or "")
    say = say or (lambda _: None)
    files = plan(study, target, source)
    _announce(study, target, files, say)
    if not dry_run:
        check_room(target, sum(file.size for file in files if not file.is_here), study.id)
        for file in files:
            _one(file, patience, say)
    return [file.target for file in files]


def _announce(study: Study, target: Path, files: list[Planned], say: Say) -> None:
    """Say what comes, from where and how large it is, before it does."""
    missing = [file for file in files if not file.is_here]
    known = sum(file.size for file in missing)
    unsaid = sum(not file.size for file in missing)
    total = f"{in_units(known)} to fetch" if missing else "nothing to fetch"
    say(f"{study.id}: {len(files)} file(s) in {target}, {total}{f', and {unsaid} of unknown size' if unsaid else ''}")
    for file in files:
        where = "is here" if file.is_here else f"{in_units(file.size) if file.size else 'size unknown'}, {file.source}"
        say(f"  {file.target.name}: {where}")


def in_units(size: int) -> str:
    """Write a number of bytes as a person reads it.

    Examples
    --------
    >>> in_units(999), in_units(381_000_000)
    ('999 bytes', '381 MB')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"


def _one(file: Planned, patience: Patience | None, say: Say) -> None:
    target = file.target
    if file.is_here:
        if not verify(target) and os.access(target.parent, os.W_OK):
            record(target, "put here by hand", sha256(target))
        return
    checksum = recorded(target.parent).get(target.name, {}).get("sha256", "")
    if file.is_remote:
        if os.environ.get("DOLOR_OFFLINE"):
            raise NetworkError(
                f"{target}: is not here and DOLOR_OFFLINE is set; unset it, or name a folder as DOLOR_MIRROR"
            )
        found = download(
            file.source,
            target,
            checksum=checksum,
            expected=file.size,
            patience=patience,
            progress=_progress(target.name, say),
        )
    else:
        found = _copied(Path(file.source), target, checksum)
    record(target, file.source, found)
    say(f"{target.name}: {target.stat().st_size:,} bytes, SHA-256 {found[:12]}…")


def _copied(source: Path, target: Path, checksum: str) -> str:
    """Copy a file from a folder; what is copied is checked before it takes its place."""
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
        found = sha256(temporary)
        if checksum and found != checksum:
            raise IntegrityError(f"{source}: has the SHA-256 {found[:12]}…, recorded was {checksum[:12]}…; not copied")
    return found


def _progress(name: str, say: Say) -> Callable[[int, int], None]:
    """Say a line each tenth of the way, or each 100 MB where the size is unknown."""
    told = 0

    def report(held: int, total: int) -> None:
        nonlocal told
        step = held * 10 // total if total else held // 10**8
        if step > told:
            told = step
            say(f"{name}: {held:,} of {total:,} bytes" if total else f"{name}: {held:,} bytes")

    return report
