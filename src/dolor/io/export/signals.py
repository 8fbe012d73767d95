"""Scores under the column names of LIANA, for programs that read its tables.

Scores or contrasts as one AnnData object, for scanpy and for LIANA's plots.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.core.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["liana_table", "signals_as_anndata"]

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
    dolor.core.errors.DataError
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


_NEEDED = ("sender", "receiver", "interaction_id", "ligand", "receptor")
# What a signal was seen in: the sample of a score, the comparison of a contrast.
_SEEN_IN = ("dataset_id", "sample_id", "contrast_type", "case", "reference", "stratum")


def signals_as_anndata(table: pd.DataFrame) -> AnnData:
    """Lay out a table of signals as a matrix: who speaks to whom in which sample, by interaction.

    Parameters
    ----------
    table
        From ``dl.tl.score`` or ``dl.tl.contrast``.

    Returns
    -------
    ``obs`` has one row a (sample, sender, receiver), or a (comparison, sender, receiver); ``var`` one an interaction,
    with its ligand and receptor. Each numeric column is a layer, NaN where the table has no row; ``X`` is the score, or
    the effect. ``uns["liana_res"]`` holds the whole table, text columns too, under LIANA's names, which is what
    ``liana.pl.dotplot`` reads.

    Raises
    ------
    dolor.core.errors.DataError
        A column is missing, or a signal has two rows.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "sample_id": ["s1", "s2"], "sender": "macrophage", "receiver": "nociceptor",
    ...     "interaction_id": "IL1B:IL1R1", "ligand": "Il1b", "receptor": "Il1r1", "score": [0.5, 1.5],
    ... })
    >>> found = signals_as_anndata(rows)
    >>> found.obs_names.tolist(), found.X.ravel().tolist()
    (['s1|macrophage|nociceptor', 's2|macrophage|nociceptor'], [0.5, 1.5])
    """
    import anndata

    missing = [name for name in _NEEDED if name not in table.columns]
    value = next((name for name in ("score", "effect") if name in table.columns), None)
    if missing or value is None:
        raise DataError(f"the table has no column {', '.join(missing) or 'score or effect'}; give scores or contrasts")
    if not len(table):
        raise DataError("the table has no rows")
    keys = [*(name for name in _SEEN_IN if name in table.columns), "sender", "receiver"]
    words = table[[*keys, *_NEEDED[2:]]].astype(str)
    obs = words[keys].drop_duplicates(ignore_index=True)
    var = words[list(_NEEDED[2:])].drop_duplicates("interaction_id").set_index("interaction_id")
    row = pd.MultiIndex.from_frame(obs).get_indexer(pd.MultiIndex.from_frame(words[keys]))
    column = var.index.get_indexer(pd.Index(words["interaction_id"]))
    _require_single(row, column, words)
    layers = {}
    for name in table.columns:
        if name not in words.columns and pd.api.types.is_numeric_dtype(table[name]):
            layers[name] = np.full((len(obs), len(var)), np.nan, dtype=np.float32)
            layers[name][row, column] = table[name].to_numpy(dtype=float, na_value=np.nan)
    obs.index = pd.Index(obs.agg("|".join, axis=1))
    return anndata.AnnData(layers[value], obs=obs, var=var, layers=layers, uns={"liana_res": _plain(table)})


def _require_single(row: np.ndarray, column: np.ndarray, words: pd.DataFrame) -> None:
    twice = pd.DataFrame({"row": row, "column": column}).duplicated().to_numpy()
    if twice.any():
        first = ", ".join(words.iloc[int(np.flatnonzero(twice)[0])])
        raise DataError(f"{int(twice.sum())} signal(s) have two rows, the first is {first}; give each signal once")


def _plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return LIANA's table with an index of text, as files of AnnData want it."""
    plain = liana_table(table).reset_index(drop=True)
    return plain.set_axis(plain.index.astype(str))
