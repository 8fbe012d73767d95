"""Whether receivers answer: the response programmes of each receiver in each comparison."""

from __future__ import annotations

import pandas as pd

from dolor.report.pairs import COMPARISON, Crosstalk
from dolor.report.run import Run

__all__ = ["responses_of"]

_COLUMNS = ["comparison", "receiver", "programme", "effect", "pvalue", "qvalue", "status"]


def responses_of(run: Run, crosstalk: Crosstalk) -> pd.DataFrame:
    """Collect the responses of all datasets.

    Returns
    -------
    One row a (comparison, receiver, programme); ``comparison`` is a row number of ``crosstalk.comparisons``. Empty if
    the run measured none.
    """
    tables = [dataset.response for dataset in run.datasets if len(dataset.response)]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=float if name in _COLUMNS[3:6] else object) for name in _COLUMNS})
    every = pd.concat([table.astype(dict.fromkeys(COMPARISON, str)) for table in tables], ignore_index=True)
    numbered = crosstalk.comparisons.rename_axis("comparison").reset_index()
    return every.merge(numbered, on=COMPARISON, how="inner")[_COLUMNS].reset_index(drop=True)
