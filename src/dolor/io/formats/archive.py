"""Archives (tar and zip, compressed or not), unpacked into a folder that goes away again."""

from __future__ import annotations

import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path, PurePosixPath

from dolor.core.errors import DataError
from dolor.io.formats.content import unpacked
from dolor.io.guards import most_unpacked

_MOST_MEMBERS = 20_000
# GEO packs archives of samples into one archive; deeper nesting is refused.
_DEEPEST = 2
_DEPTH: ContextVar[int] = ContextVar("archives around this one", default=0)


@contextmanager
def unpacked_archive(path: Path, kind: str) -> Iterator[Path]:
    """Unpack an archive into a temporary folder.

    Parameters
    ----------
    path
        The archive.
    kind
        ``tar`` or ``zip``.

    Raises
    ------
    dolor.core.errors.DataError
        A member would leave the folder, is a link or a device, or the disk has no room for what it unpacks to.
    """
    depth = _DEPTH.get()
    if depth >= _DEEPEST:
        raise DataError(f"{path}: is an archive within archives, {_DEEPEST} deep; unpack it and name the files")
    token = _DEPTH.set(depth + 1)
    try:
        with tempfile.TemporaryDirectory(prefix="dolor-") as name:
            folder = Path(name)
            if kind == "zip":
                _unzip(path, folder)
            else:
                _untar(path, folder)
            yield folder
    finally:
        _DEPTH.reset(token)


def _untar(path: Path, folder: Path) -> None:
    taken, number = 0, 0
    try:
        with unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if not (member.isfile() or member.isdir()):
                    raise DataError(f"{path}: its member '{member.name[:80]}' is a link or a device; refused")
                if member.issparse():
                    raise DataError(
                        f"{path}: its member '{member.name[:80]}' has holes, as no file of counts has; refused"
                    )
                _check_name(path, member.name)
                number, taken = number + 1, taken + member.size
                _check_room(path, folder, number, member.size, taken)
                _write_member(archive, member, folder)
    except tarfile.TarError as error:
        raise DataError(f"{path}: is a damaged archive ({error}); fetch it again") from None


def _write_member(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write the bytes of a member whose name was checked, and nothing else that it says of itself, such as its owner.

    Not by ``extract``: its filters came with Python 3.11.4, and Debian 12 has 3.11.2.
    """
    target = folder / member.name
    stream = archive.extractfile(member)
    if stream is None:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)


def _unzip(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                mode = member.external_attr >> 16
                if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
                    raise DataError(f"{path}: its member '{member.filename[:80]}' is a link or a device; refused")
                _check_name(path, member.filename)
            taken = sum(member.file_size for member in members)
            _check_room(path, folder, len(members), taken, taken)
            archive.extractall(folder)  # noqa: S202 - every name was checked above
    # NotImplementedError is what zipfile raises on a compression that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError(f"{path}: is a damaged or locked archive ({error}); fetch it again") from None


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name.split("/")[0][:2] or "\0" in name:
        raise DataError(f"{path}: its member '{name[:80]}' would be written outside of its folder; refused")


def _check_room(path: Path, folder: Path, number: int, size: int, taken: int) -> None:
    """Refuse an archive that would fill the disk, before it does."""
    if number > _MOST_MEMBERS:
        raise DataError(f"{path}: holds more than {_MOST_MEMBERS:,} members; unpack it and name the files")
    if taken > most_unpacked(path.stat().st_size):
        raise DataError(f"{path}: unpacks to {taken:,} bytes, far more than its size; refused as a decompression bomb")
    if size > shutil.disk_usage(folder).free - 2**28:
        raise DataError(f"{path}: unpacks to at least {taken:,} bytes; {folder.parent} has no room, set TMPDIR")
