"""What data can show of each statement: the table ``readouts.tsv`` beside the catalog, one row a statement.

A statement that names a pair is read from that pair. Others are read from a family of pairs, from how many cells of a
population there are, from the share of a state in its class, from whether a population or a gene is there, or from a
programme. Where no expression data can ever speak, the readout is ``none`` and ``reason`` says why, by a code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.knowledge import gene_logic
from dolor.knowledge.catalog_rules import Fault, read_catalog, refuse
from dolor.knowledge.vocabulary import (
    DIRECTIONS,
    MODELS,
    NO_READOUT,
    NOT_STATED,
    PHASES,
    READOUT_COLUMNS,
    READOUTS,
    VOCABULARY,
    nearest,
    words,
)

__all__ = ["read_readouts", "readout_faults", "readouts"]

ANY = "any"
GENES = ("genes_mouse", "genes_human")
# The cells of a row that each readout needs; every other of these cells stays empty.
_NEEDS = {
    "pair": ("direction",),
    "family_of_pairs": ("population", "partner", "family", "direction"),
    "abundance": ("population", "direction"),
    "state": ("population", "partner", "direction"),
    "presence": ("population", "direction"),
    "expressed": ("population", *GENES, "direction"),
    "expression_change": ("population", *GENES, "direction"),
    "coexpressed": ("population", *GENES, "direction"),
    "programme": ("population", "direction"),
    "none": ("reason",),
}
_PARAMETERS = ("population", "partner", "family", *GENES, "programme", "direction", "reason")


def readouts(path: Path | str | None = None, *, catalog: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what data can show of each statement, and from which cells and genes.

    Parameters
    ----------
    path
        A table in place of the shipped one.
    catalog
        The statements; the shipped ones by default.

    Returns
    -------
    One row a statement, in the order of the catalog, all cells text: ``id``, ``readout`` (a word of
    :data:`dolor.knowledge.vocabulary.READOUTS`); ``population`` and ``partner`` (populations; ``|`` any of them, ``+``
    all of them; for a pair sender and receiver, for a state the states and the class whose share they are); ``family``
    (mediator class of a family of pairs, or ``any``); ``genes_mouse`` and ``genes_human``; ``programme``;
    ``direction``; ``sex``; ``condition`` and ``phase`` (``;``-joined, or ``any``); ``tissue``; ``reason``.
    Rows of pairs take their cells from the catalog.

    Raises
    ------
    dolor.core.errors.DataError
        The table cannot be read or is faulty; the message names line and column.

    Examples
    --------
    >>> table = readouts().set_index("id")
    >>> table.loc["nk-nerve-injury", "readout"], table.loc["nk-nerve-injury", "population"]
    ('abundance', 'nk_cell')
    """
    catalog = read_catalog() if catalog is None else catalog
    table = read_readouts(path)
    faults = list(readout_faults(table, catalog))
    refuse(faults, str(path or signature_path("readouts.tsv")))
    table = table.set_index("id").loc[catalog["id"]].reset_index()
    pairs = (table["readout"] == "pair").to_numpy()
    for column, other in (("population", "source_cell"), ("partner", "target_cell")):
        cells = catalog[other].map(lambda cell: "|".join(words(cell)).replace(NOT_STATED, ANY))
        table.loc[pairs, column] = cells.to_numpy()[pairs]
    return table


def read_readouts(path: Path | str | None = None) -> pd.DataFrame:
    """Read a table of readouts as text; empty cells are ``""``.

    Raises
    ------
    dolor.core.errors.DataError
        The file is missing or lacks a column.
    """
    path = Path(path) if path is not None else signature_path("readouts.tsv")
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such table of readouts") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a tab-separated table ({error})") from error
    missing = [column for column in READOUT_COLUMNS if column not in table.columns]
    if missing:
        raise DataError(f"{path}: the columns {', '.join(missing)} are missing from the table of readouts")
    return table.loc[:, list(READOUT_COLUMNS)]


def readout_faults(
    table: pd.DataFrame, catalog: pd.DataFrame, populations: Collection[str] = (), programmes: Collection[str] = ()
) -> Iterator[Fault]:
    """Find what is wrong with a table of readouts, by itself and against the catalog.

    Parameters
    ----------
    table
        The readouts.
    catalog
        The statements that they are of.
    populations, programmes
        Ids that exist; without them they are not looked up.
    """
    stated = dict(zip(catalog["id"], catalog["readout"], strict=True))
    seen: dict[str, int] = {}
    for line, record in enumerate(table.to_dict("records"), start=2):
        row = {str(column): str(cell) for column, cell in record.items()}
        name = row["id"]
        for column, message in (*_words(row), *_parameters(row), *_names(row, populations, programmes)):
            yield Fault(line, name, column, message)
        if name in seen:
            yield Fault(line, name, "id", f"the statement stands already in line {seen[name]}")
        elif name not in stated:
            yield Fault(line, name, "id", f"no such statement in the catalog; {nearest(name, stated)}")
        elif row["readout"] in READOUTS and row["readout"] != stated[name]:
            yield Fault(line, name, "readout", f"'{row['readout']}', but the catalog says '{stated[name]}'")
        seen.setdefault(name, line)
    for name in stated:
        if name not in seen:
            yield Fault(len(table) + 2, name, "id", "the statement has no readout; add a row for it")


def _words(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find words that a column does not know."""
    known: dict[str, tuple[Collection[str], Callable[[str], list[str]]]] = {
        "readout": (READOUTS, _whole),
        "family": (("", ANY, *VOCABULARY["mediator_class"]), _whole),
        "direction": (("", *DIRECTIONS), _whole),
        "sex": ((ANY, *(word for word in VOCABULARY["sex"] if word != NOT_STATED)), _whole),
        "condition": ((ANY, *MODELS), words),
        "phase": ((ANY, *PHASES), words),
        "tissue": ((ANY, *(word for word in VOCABULARY["compartment"] if word != NOT_STATED)), words),
        "reason": (("", *NO_READOUT), _whole),
    }
    for column, (choices, split) in known.items():
        for word in split(row[column]):
            if word not in choices:
                yield column, f"unknown word '{word}'; {nearest(word, choices)}"
        if split is words and not row[column].strip():
            yield column, f"must not be empty; write {ANY}"


def _parameters(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find parameters that the readout lacks, or has no use for."""
    readout = row["readout"]
    if readout not in _NEEDS:
        return
    needed = _NEEDS[readout]
    if readout == "programme":
        needed = (*needed, "programme") if row["programme"] else (*needed, *GENES)
    for column in _PARAMETERS:
        if column in needed and not row[column].strip():
            yield column, f"must not be empty for the readout '{readout}'"
        if column not in needed and row[column].strip():
            yield column, f"the readout '{readout}' has no use for it; leave it empty"


def _names(row: dict[str, str], populations: Collection[str], programmes: Collection[str]) -> Iterator[tuple[str, str]]:
    """Find populations and programmes that do not exist, and gene expressions that cannot be read."""
    for column in ("population", "partner"):
        for word in re.split(r"[|+]", row[column]) if row[column] else []:
            if populations and word not in populations and word != ANY:
                yield column, f"unknown population '{word}'; {nearest(word, populations)}"
    if programmes and row["programme"] and row["programme"] not in programmes:
        yield "programme", f"unknown programme '{row['programme']}'; {nearest(row['programme'], programmes)}"
    for column in GENES:
        try:
            gene_logic.parse(row[column])
        except DataError as error:
            yield column, str(error)


def _whole(cell: str) -> list[str]:
    return [cell]
