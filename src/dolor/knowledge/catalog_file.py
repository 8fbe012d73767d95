"""Read a mediator catalog from its file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dolor.errors import DataError
from dolor.knowledge.catalog_rules import check
from dolor.knowledge.paths import signature_path
from dolor.knowledge.vocabulary import COLUMNS

__all__ = ["read_catalog"]


def read_catalog(path: Path | str | None = None, *, checked: bool = True) -> pd.DataFrame:
    """Read a catalog file; every cell is text, an empty one is ``""``.

    Parameters
    ----------
    path
        The file; the shipped catalog by default.
    checked
        Refuse a table that breaks a rule of :mod:`dolor.knowledge.catalog_rules`.

    Returns
    -------
    The statements, with the columns of :data:`dolor.knowledge.vocabulary.COLUMNS`.

    Raises
    ------
    dolor.errors.DataError
        The file is missing, is no such table, or breaks a rule; the message names line and column.
    """
    path = Path(path) if path is not None else signature_path("mediators.tsv")
    try:
        catalog = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such catalog file") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a tab-separated catalog ({error})") from error
    missing = [column for column in COLUMNS if column not in catalog.columns]
    if missing:
        raise DataError(f"{path}: the columns {', '.join(missing)} are missing from the catalog")
    catalog = catalog.loc[:, list(COLUMNS)]
    if checked:
        check(catalog, str(path))
    return catalog
