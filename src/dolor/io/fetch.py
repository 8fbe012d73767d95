"""Getting the files of a study: from their source, a mirror, or a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from dolor.errors import DataError, IntegrityError, NetworkError, UsageError
from dolor.io.atomic import atomic_path
from dolor.io.download import Patience, download
from dolor.io.files import address, data_folder, needed_files
from dolor.io.lockfile import record, recorded, verify
from dolor.io.provenance import sha256
from dolor.knowledge import registry

if TYPE_CHECKING:
    from dolor.knowledge.study import Study, StudyFile

Say = Callable[[str], None]


def fetch(
    name: str,
    *,
    mirror: Path | str | None = None,
    folder: Path | str | None = None,
    extra: Iterable[Path | str] = (),
    patience: Patience | None = None,
    say: Say | None = None,
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
    dolor.errors.UsageError
        The study is unknown, or no address is known for its files.

    Examples
    --------
    >>> fetch("GSE154659", mirror="/media/geo")  # doctest: +SKIP
    """
    study = registry.show(name, extra=extra)
    files = needed_files(study)
    if not files:
        raise UsageError(f"study '{name}' names no files to fetch; see  dolor datasets show {name}")
    source = str(mirror or os.environ.get("DOLOR_MIRROR") or "")
    target_folder = data_folder(folder) / study.id
    say = say or (lambda _: None)
    say(f"{study.id}: {len(files)} file(s) into {target_folder}: {', '.join(_with_size(file) for file in files)}")
    return [_one(study, file, target_folder / file.name, source, patience, say) for file in files]


def _one(study: Study, file: StudyFile, target: Path, mirror: str, patience: Patience | None, say: Say) -> Path:
    if target.exists():
        if not verify(target):
            record(target, "put here by hand", sha256(target))
        say(f"{file.name}: is here")
        return target
    checksum = recorded(target.parent).get(file.name, {}).get("sha256", "")
    if mirror and not mirror.startswith(("http://", "https://")):
        url, found = _copied(study, file, target, Path(mirror), checksum)
    elif os.environ.get("DOLOR_OFFLINE"):
        raise NetworkError(f"{target}: is not here and DOLOR_OFFLINE is set; unset it or name a folder as DOLOR_MIRROR")
    else:
        url = f"{mirror.rstrip('/')}/{study.id}/{quote(file.name)}" if mirror else address(file)
        found = download(url, target, checksum=checksum, patience=patience, progress=_progress(file.name, say))
    record(target, url, found)
    say(f"{file.name}: {target.stat().st_size:,} bytes, SHA-256 {found[:12]}…")
    return target


def _copied(study: Study, file: StudyFile, target: Path, mirror: Path, checksum: str) -> tuple[str, str]:
    """Copy a file from a folder; what is copied is checked before it takes its place."""
    source = next((path for path in (mirror / study.id / file.name, mirror / file.name) if path.is_file()), None)
    if source is None:
        raise DataError(f"{mirror}: holds neither '{study.id}/{file.name}' nor '{file.name}'")
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
        found = sha256(temporary)
        if checksum and found != checksum:
            raise IntegrityError(f"{source}: has the SHA-256 {found[:12]}…, recorded was {checksum[:12]}…; not copied")
    return str(source), found


def _with_size(file: StudyFile) -> str:
    return f"{file.name} ({file.size or 'size not known'})"


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
