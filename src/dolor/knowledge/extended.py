"""Established neuroimmune pairs of pain that the review does not name, each with the source that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.knowledge import gene_logic
from dolor.knowledge.catalog_rules import Fault, pair_faults, refuse
from dolor.knowledge.vocabulary import EXTENDED_COLUMNS, LISTS, VOCABULARY, nearest, words

__all__ = ["extended", "extended_faults", "read_extended"]

_DOI = re.compile(r"10\.\d{4,9}/\S+")
_REQUIRED = (
    "id", "mediator", "ligand_mouse", "ligand_human", "receptor_mouse", "receptor_human", "source_cell",
    "target_cell", "statement", "source_doi", "seen_in",
)  # fmt: skip


def extended(path: Path | str | None = None) -> pd.DataFrame:
    """Return the pairs beyond the review, one row each, with the source that names them.

    Parameters
    ----------
    path
        A table in place of the shipped one.

    Returns
    -------
    The columns of :data:`dolor.knowledge.vocabulary.EXTENDED_COLUMNS`, all text: as in the catalog, and ``source_doi``
    and ``seen_in`` (where in the source the pair was seen).

    Raises
    ------
    dolor.core.errors.DataError
        The table cannot be read or is faulty; the message names line and column.

    Examples
    --------
    >>> table = extended().set_index("id")
    >>> table.loc["cx3cl1-cx3cr1-cord", "receptor_human"]
    'CX3CR1'
    """
    table = read_extended(path)
    refuse(list(extended_faults(table)), str(path or signature_path("pairs_extended.tsv")))
    return table


def read_extended(path: Path | str | None = None) -> pd.DataFrame:
    """Read a table of pairs beyond the review as text; empty cells are ``""``.

    Raises
    ------
    dolor.core.errors.DataError
        The file is missing or lacks a column.
    """
    path = Path(path) if path is not None else signature_path("pairs_extended.tsv")
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such table of pairs") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a tab-separated table ({error})") from error
    missing = [column for column in EXTENDED_COLUMNS if column not in table.columns]
    if missing:
        raise DataError(f"{path}: the columns {', '.join(missing)} are missing from the table of pairs")
    return table.loc[:, list(EXTENDED_COLUMNS)]


def extended_faults(table: pd.DataFrame, catalog: pd.DataFrame | None = None) -> Iterator[Fault]:
    """Find what is wrong with pairs beyond the review.

    Parameters
    ----------
    table
        The pairs.
    catalog
        The statements of the review: a pair that they hold has no place here.
    """
    named = set() if catalog is None else set(map(_key, catalog["ligand_human"], catalog["receptor_human"]))
    seen: dict[str, int] = {}
    for line, record in enumerate(table.to_dict("records"), start=2):
        row = {str(column): str(cell) for column, cell in record.items()}
        faults = [*_of_row(row)]
        yield from (Fault(line, row["id"], column, message) for column, message in faults)
        if faults:
            continue
        key = _key(row["ligand_human"], row["receptor_human"])
        for name, column in ((row["id"], "id"), (key, "receptor_human")):
            if name in seen:
                yield Fault(line, row["id"], column, f"'{name}' stands already in line {seen[name]}")
            seen.setdefault(name, line)
        if key in named:
            yield Fault(
                line, row["id"], "ligand_human", f"the review names '{key}' itself; it is a pair of the catalog"
            )


def _of_row(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find what is wrong with one row."""
    for column in _REQUIRED:
        if not row[column].strip():
            yield column, "must not be empty"
    for column in set(EXTENDED_COLUMNS) & set(VOCABULARY):
        for word in words(row[column]) if column in LISTS else [row[column]]:
            if word not in VOCABULARY[column]:
                yield column, f"unknown word '{word}'; {nearest(word, VOCABULARY[column])}"
        if column in LISTS and not row[column].strip():
            yield column, "must not be empty; write not_stated"
    if row["source_doi"] and not _DOI.fullmatch(row["source_doi"]):
        yield "source_doi", f"'{row['source_doi']}' is no DOI; write 10.1084/jem.20221687"
    for organism in ("human", "mouse"):
        for side, message in pair_faults(row[f"ligand_{organism}"], row[f"receptor_{organism}"]):
            yield f"{side}_{organism}", message


def _key(ligand: str, receptor: str) -> str:
    return f"{gene_logic.canonical(ligand)}:{gene_logic.canonical(receptor)}"
