"""The tables of a run as Parquet: checked on the way out and on the way in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dolor.contracts.tables import Table, check
from dolor.errors import DataError
from dolor.io.atomic import atomic_path


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
    dolor.errors.DataError
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
