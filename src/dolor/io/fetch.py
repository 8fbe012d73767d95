"""Getting the files of a study: from their source, a mirror, or a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dolor.errors import IntegrityError, NetworkError
from dolor.io.atomic import atomic_path
from dolor.io.download import Patience, check_room, download
from dolor.io.fetch_plan import Planned, plan
from dolor.io.files import data_folder
from dolor.io.lockfile import record, recorded, verify
from dolor.io.provenance import sha256
from dolor.knowledge import registry

if TYPE_CHECKING:
    from dolor.knowledge.study import Study

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
    dolor.errors.NetworkError
        A file did not arrive, or ``DOLOR_OFFLINE`` is set and it is not here.
    dolor.errors.IntegrityError
        A file is not the one that was recorded.
    dolor.errors.DataError
        There is no room for all of the files, or one cannot be written.
    dolor.errors.UsageError
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
            file.source, target, checksum=checksum, patience=patience, progress=_progress(target.name, say)
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
