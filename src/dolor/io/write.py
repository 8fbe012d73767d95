"""Writing so that a reader sees the old file or the new one, never half of one.

The tables of a run as Parquet: checked on the way out and on the way in.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.core.tables import Table, check
from dolor.io.guards import check_memory

__all__ = ["atomic_path", "is_broken_hdf5", "read_table", "write_table", "write_text"]


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
        raise DataError(f"{target}: cannot be written ({_reason(error)}); no earlier file was changed") from error
    except RuntimeError as error:
        if not _HDF5_REASON.search(str(error)):
            raise
        raise DataError(f"{target}: cannot be written ({_reason(error)}); no earlier file was changed") from error
    finally:
        temporary.unlink(missing_ok=True)


# HDF5 gives what the system said of a failed write in the midst of its own words, over several lines.
_HDF5_REASON = re.compile(r"errno = \d+, error message = '([^']*)'")


def _reason(error: OSError | RuntimeError) -> str:
    told = _HDF5_REASON.search(str(error))
    return told[1] if told else getattr(error, "strerror", None) or " ".join(str(error).split())[:120]


def is_broken_hdf5(error: BaseException | None) -> bool:
    """Tell whether an error comes from HDF5 that could not write: it cannot close its file, and crashes at the end."""
    while error is not None:
        if _HDF5_REASON.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


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


def _check_rows(source: Path) -> None:
    """Refuse a table that would not fit into memory; a column of one value takes no room in its file."""
    from pyarrow import parquet

    described = parquet.read_metadata(source)
    check_memory(described.num_rows * described.num_columns * 8, source)


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
        _check_rows(source)
        frame = pd.read_parquet(source)
    except (OSError, ValueError) as error:
        raise DataError(f"{source}: not a readable Parquet file ({str(error)[:120]})") from error
    return frame if table is None else check(frame, table, str(source))
