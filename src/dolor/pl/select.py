"""Choosing the rows of one comparison, and naming signals."""

from __future__ import annotations

from typing import TypedDict, Unpack

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.pl.parts import short_name

__all__ = ["Comparison", "label_of", "one_comparison", "require_change", "require_columns", "traffic"]

_COMPARISON = ("dataset_id", "contrast_type", "case", "reference", "stratum")
_CONTRASTS = (*_COMPARISON, "sender", "receiver", "ligand", "effect", "qvalue")
_USUAL: Comparison = {"contrast_type": "condition", "stratum": ""}


class Comparison(TypedDict, total=False):
    """Which comparison of a table of contrasts a figure draws; what is left out must be the same in all its rows.

    Attributes
    ----------
    contrast_type
        What is compared: ``condition`` (the default), ``sex``, ``condition_in_sex``, ``interaction`` ...
    stratum
        Within whom: ``female`` or ``male``, or empty, the default, for all animals.
    dataset_id, case, reference
        Of which data set, what against what; needed where the table has several.
    """

    contrast_type: str
    stratum: str
    dataset_id: str | None
    case: str | None
    reference: str | None


def require_columns(frame: pd.DataFrame, columns: tuple[str, ...], what: str) -> None:
    """Check that a figure was given a table, and that it has the columns that the figure reads."""
    if not isinstance(frame, pd.DataFrame):
        raise DataError(
            f"{what} needs a table (a DataFrame with the columns {', '.join(columns)}), not an object of type "
            f"{type(frame).__name__}"
        )
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DataError(
            f"{what} needs the column(s) {', '.join(missing)}; the table has {', '.join(map(str, frame.columns))}"
        )
    if not len(frame):
        raise DataError(f"{what} has nothing to draw: the table has no rows")


def require_change(found: pd.DataFrame, fdr: float, what: str) -> None:
    """Check that some signal changes, where a figure draws only those."""
    if not len(found):
        raise DataError(f"{what} has nothing to draw: no signal differs at a false discovery rate of {fdr:g}")


def one_comparison(contrasts: pd.DataFrame, what: str, **comparison: Unpack[Comparison]) -> pd.DataFrame:
    """Return the rows of the one comparison that is asked for.

    Parameters
    ----------
    contrasts
        Columns of :data:`dolor.core.tables.CONTRASTS`.
    what
        The figure, for the message.
    **comparison
        Levels that must name one comparison of one data set.

    Raises
    ------
    dolor.core.errors.DataError
        No row fits, or the levels leave several comparisons.
    """
    require_columns(contrasts, _CONTRASTS, what)
    levels = {name: level for name, level in (_USUAL | comparison).items() if level is not None}
    chosen = contrasts
    for name, level in levels.items():
        if name not in _COMPARISON:
            raise TypeError(f"{what} knows no option '{name}'; a comparison is chosen by {', '.join(_COMPARISON)}")
        chosen = chosen[chosen[name].astype(str) == level]
    left = chosen[list(_COMPARISON)].astype(str).drop_duplicates()
    if len(left) != 1:
        shown = "; ".join(", ".join(row) for row in left.head(4).itertuples(index=False)) or "none"
        raise DataError(
            f"{what} draws one comparison, but {len(left)} fit {levels} ({shown}); choose by {', '.join(_COMPARISON)}"
        )
    return chosen


def label_of(rows: pd.DataFrame) -> pd.Series:
    """Name each signal: ligand, sender and receiver."""
    sender, receiver = (rows[side].astype(str).map(short_name) for side in ("sender", "receiver"))
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
