"""Response programmes: genes that rise and fall together when a cell answers a signal or an injury.

They corroborate a predicted signal in its receiver: an interferon that acts leaves interferon-stimulated genes behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError, UsageError
from dolor.core.package_files import signature_path
from dolor.knowledge.population_files import ORGANISMS, gene_lists, read_document, text
from dolor.knowledge.vocabulary import nearest

__all__ = ["programmes"]

_KEYS = ("id", "name", "up", "down", "sources", "unverified")


def programmes(organism: str, *, path: Path | str | None = None) -> pd.DataFrame:
    """Return the genes of the response programmes.

    Parameters
    ----------
    organism
        ``"mouse"`` or ``"human"``: whose gene symbols are wanted.
    path
        A YAML file with a list ``programmes`` in place of the shipped one.

    Returns
    -------
    One row a (programme, gene): ``programme``, ``gene``, ``weight`` (+1 rises, -1 falls).

    Raises
    ------
    dolor.core.errors.UsageError
        The organism is unknown.
    dolor.core.errors.DataError
        The file is faulty; the message names file, programme and value.

    Examples
    --------
    >>> genes = programmes("human")
    >>> "ISG15" in set(genes.query("programme == 'interferon'")["gene"])
    True
    """
    if organism not in ORGANISMS:
        raise UsageError(f"unknown organism '{organism}'; {nearest(organism, ORGANISMS)}")
    path = Path(path) if path else signature_path("populations.yaml")
    entries = read_document(path).get("programmes", [])
    if not isinstance(entries, list):
        raise DataError(f"{path}: 'programmes' must be a list of programmes")
    rows: list[tuple[str, str, int]] = []
    for entry in entries:
        rows += _genes(entry, organism, str(path))
    table = pd.DataFrame(rows, columns=["programme", "gene", "weight"])
    twice = table.duplicated(["programme", "gene"])
    if twice.any():
        first = table[twice].iloc[0]
        raise DataError(f"{path}, programme '{first['programme']}': {first['gene']} is duplicated; keep one of them")
    return table


def _genes(entry: object, organism: str, where: str) -> list[tuple[str, str, int]]:
    """Check one entry and return its rows."""
    if not isinstance(entry, Mapping) or not entry.get("id"):
        raise DataError(f"{where}: a programme is a mapping with an 'id', not {entry!r:.60}")
    name = text(entry["id"], f"{where}, 'id' of a programme")
    where = f"{where}, programme '{name}'"
    for key in entry:
        if key not in _KEYS:
            raise DataError(f"{where}: '{key}' is no key of a programme; {nearest(str(key), _KEYS)}")
    up = gene_lists(entry.get("up", {}), f"{where}, 'up'").get(organism, ())
    down = gene_lists(entry.get("down", {}), f"{where}, 'down'").get(organism, ())
    return [(name, gene, 1) for gene in up] + [(name, gene, -1) for gene in down]
