"""How strong each pair is over the samples of a dataset, summed up some rows of the table of scores at a time.

The table has a row for every pair in every sample: tens of millions where samples are many.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from dolor.contracts.tables import FLAGS
from dolor.errors import IntegrityError

__all__ = ["PAIR", "strength_of"]

PAIR = ["dataset_id", "sender", "receiver", "interaction_id"]
_READ = [*PAIR, "score", "pvalue", "flags"]
_SPECIFIC = 0.05


def strength_of(path: Path, *, at_a_time: int = 1 << 20) -> pd.DataFrame:
    """Sum up the scores of a dataset over its samples.

    Parameters
    ----------
    path
        The table of scores (``interactions.parquet``).
    at_a_time
        Rows that are held together.

    Returns
    -------
    One row a pair: :data:`PAIR`, ``score`` (mean over samples), ``specific`` (share of samples with p < 0.05),
    ``flags`` (all that it has in any sample).

    Raises
    ------
    dolor.errors.IntegrityError
        The file is no such table.
    """
    found: pd.DataFrame | None = None
    for rows in _batches(path, at_a_time):
        part = _summed(_counted(rows))
        found = part if found is None else _summed(pd.concat([found, part], ignore_index=True))
    if found is None:
        return pd.DataFrame(columns=[*PAIR, "score", "specific", "flags"])
    table = found[PAIR].copy()
    table["score"], table["specific"] = found["score"] / found["scored"], found["specific"] / found["samples"]
    table["flags"] = ""
    for flag in FLAGS:
        here = table.loc[found[flag], "flags"]
        table.loc[found[flag], "flags"] = here.where(here == "", here + ";") + flag
    return table


def _batches(path: Path, at_a_time: int) -> Iterator[pd.DataFrame]:
    """Give the columns that are needed, so many rows at a time."""
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            lacking = sorted(set(_READ) - set(file.schema_arrow.names))
            if lacking:
                raise ValueError(f"no column {', '.join(lacking)}")
            for batch in file.iter_batches(at_a_time, columns=_READ):
                yield batch.to_pandas()
    except (OSError, ValueError) as error:
        raise IntegrityError(
            f"{path}: cannot be read as a Parquet table ({str(error)[:120]}); make it again"
        ) from error


def _counted(rows: pd.DataFrame) -> pd.DataFrame:
    """Write of each row what can be added up: a flag that is there counts as true."""
    flags = pd.Categorical(rows["flags"].astype(str))
    held = {flag: [flag in text.split(";") for text in flags.categories] for flag in FLAGS}
    return rows[[*PAIR, "score"]].assign(
        scored=rows["score"].notna(),
        specific=rows["pvalue"] < _SPECIFIC,
        samples=1,
        **{flag: pd.Series(held[flag], dtype=bool).to_numpy()[flags.codes] for flag in FLAGS},
    )


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up the rows of each pair."""
    added = dict.fromkeys(("score", "scored", "specific", "samples"), "sum")
    table = rows.groupby(PAIR, observed=True, sort=False).agg(added | dict.fromkeys(FLAGS, "max")).reset_index()
    return table.astype(dict.fromkeys(PAIR, object))
