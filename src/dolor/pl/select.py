"""Choosing the rows of one comparison, and naming signals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dolor.errors import DataError
from dolor.pl.names import population

__all__ = ["label_of", "one_comparison", "require_columns", "traffic"]

_COMPARISON = ("dataset_id", "contrast_type", "case", "reference", "stratum")


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    """Check that a table has the columns that a figure reads."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DataError(
            f"{what} needs the column(s) {', '.join(missing)}; the table has {', '.join(map(str, frame.columns))}"
        )
    if not len(frame):
        raise DataError(f"{what} has nothing to draw: the table has no rows")


def one_comparison(contrasts: pd.DataFrame, what: str, **levels: str) -> pd.DataFrame:
    """Return the rows that fit the levels given, which must name one comparison of one data set.

    Raises
    ------
    dolor.errors.DataError
        No row fits, or the levels leave several comparisons.
    """
    require_columns(contrasts, _COMPARISON, what)
    chosen = contrasts
    for name, value in levels.items():
        chosen = chosen[chosen[name].astype(str) == value]
    left = chosen[list(_COMPARISON)].astype(str).drop_duplicates()
    if len(left) != 1:
        shown = "; ".join(", ".join(row) for row in left.head(4).itertuples(index=False)) or "none"
        raise DataError(
            f"{what} draws one comparison, but {len(left)} fit {levels or 'no choice'} ({shown}); "
            f"choose by {', '.join(_COMPARISON)}"
        )
    return chosen


def label_of(rows: pd.DataFrame) -> pd.Series:
    """Name each signal: ligand, sender and receiver."""
    sender, receiver = (rows[side].astype(str).map(population) for side in ("sender", "receiver"))
    return rows["ligand"].astype(str) + ": " + sender + " → " + receiver


def traffic(rows: pd.DataFrame, fdr: float) -> pd.DataFrame:
    """Count the signals that change between each two populations.

    Parameters
    ----------
    rows
        Rows of one comparison.
    fdr
        False discovery rate below which a signal counts as changed.

    Returns
    -------
    One row a (sender, receiver) of the table: ``rising`` and ``falling`` signals, ``changed`` in all.
    """
    found = rows["qvalue"].to_numpy(dtype=float) < fdr
    effect = rows["effect"].to_numpy(dtype=float)
    counted = pd.DataFrame(
        {
            "sender": rows["sender"].astype(str).to_numpy(),
            "receiver": rows["receiver"].astype(str).to_numpy(),
            "rising": np.where(found & (effect > 0), 1, 0),
            "falling": np.where(found & (effect < 0), 1, 0),
        }
    )
    table = counted.groupby(["sender", "receiver"], sort=True).sum().reset_index()
    return table.assign(changed=table["rising"] + table["falling"])
