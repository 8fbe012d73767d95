"""Scores under the column names of LIANA, for programs that read its tables."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd

from dolor.errors import DataError

_NAMES = MappingProxyType(
    {"sender": "source", "receiver": "target", "ligand": "ligand_complex", "receptor": "receptor_complex"}
)


def liana_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Give a table of scores the column names of LIANA.

    Parameters
    ----------
    scores
        From ``dl.tl.score`` or ``dl.tl.contrast``.

    Returns
    -------
    The same rows; ``source target ligand_complex receptor_complex`` come first, complexes joined by ``_``, and the
    columns of the peers' methods keep the names that they share with LIANA's.

    Raises
    ------
    dolor.errors.DataError
        A column is missing.

    Examples
    --------
    >>> row = {"sender": ["mast_cell"], "receiver": ["nociceptor"], "ligand": ["Osm"], "receptor": ["Osmr+Il6st"]}
    >>> liana_table(pd.DataFrame(row)).iloc[0].tolist()
    ['mast_cell', 'nociceptor', 'Osm', 'Osmr_Il6st']
    """
    missing = [name for name in _NAMES if name not in scores.columns]
    if missing:
        raise DataError(f"the table has no column {', '.join(missing)}; give the scores of dl.tl.score")
    table = scores.rename(columns=dict(_NAMES))
    for name in ("ligand_complex", "receptor_complex"):
        table[name] = table[name].astype(str).str.replace("+", "_", regex=False)
    first = list(_NAMES.values())
    return table[[*first, *(name for name in table.columns if name not in first)]]
