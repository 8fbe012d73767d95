"""Writing so that a reader sees the old file or the new one, never half of one.

The tables of a run as Parquet: checked on the way out and on the way in.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.core.tables import Table, check

__all__ = ["atomic_path", "read_table", "write_table", "write_text"]


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Give a temporary path to write to, and rename it to ``target`` once the block has ended well.

    An exception leaves an earlier ``target`` as it was and removes what was half written.

    Parameters
    ----------
    target
        The file that shall exist afterwards. Its folder is made.

    Yields
    ------
    A path in the same folder, so that the rename cannot cross file systems, with the suffix of ``target``.

    Raises
    ------
    dolor.core.errors.DataError
        The folder cannot be written to, or the disk is full.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix)
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror})") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise DataError(
            f"{target}: cannot be written ({error.strerror or error}); no earlier file was changed"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path | str, text: str) -> None:
    """Write UTF-8 text with Unix line ends, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    """Read the process's umask; the only way to read it is to set it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_table(frame: pd.DataFrame, target: Path | str, table: Table | None = None) -> None:
    """Write a table as Parquet, atomically; the same rows give the same bytes.

    Parameters
    ----------
    frame
        The table; its index is not written.
    target
        The file to write.
    table
        The form that it must have, if it has one.
    """
    frame = frame if table is None else check(frame, table, str(target))
    with atomic_path(target) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")


def read_table(source: Path | str, table: Table | None = None) -> pd.DataFrame:
    """Read a Parquet table and check its form.

    Raises
    ------
    dolor.core.errors.DataError
        The file is missing, is no Parquet file, or lacks what the form asks for.
    """
    source = Path(source)
    if not source.is_file():
        raise DataError(f"{source}: no such file")
    try:
        frame = pd.read_parquet(source)
    except (OSError, ValueError) as error:
        raise DataError(f"{source}: not a readable Parquet file ({str(error)[:120]})") from error
    return frame if table is None else check(frame, table, str(source))
