"""Going through the rows of a small table."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["rows_of"]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries of plain Python values.

    Examples
    --------
    >>> rows_of(pd.DataFrame({"sample_id": ["s1"], "n_cells": [3]}))
    [{'sample_id': 's1', 'n_cells': 3}]
    """
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
