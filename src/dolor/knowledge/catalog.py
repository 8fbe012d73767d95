"""The mediator catalog: which immune signal acts on which cell, where, and to what effect on pain.

One row is one statement. Rows that name genes for a ligand and for a receptor can be scored; :func:`interactions`
gives these as distinct pairs. The others (pathways, receptors alone, cells alone) stay in :func:`mediators`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from dolor.errors import DataError, UsageError
from dolor.knowledge import genelogic
from dolor.knowledge.catalog_rules import check
from dolor.knowledge.paths import signature_path
from dolor.knowledge.vocabulary import COLUMNS, LISTS, NOT_STATED, VOCABULARY, nearest, words

__all__ = ["INTERACTION_COLUMNS", "Organism", "interactions", "mediators", "pairs_of", "read_catalog"]

Organism = Literal["mouse", "human"]

INTERACTION_COLUMNS = (
    "interaction_id", "ligand", "receptor", "ligand_proxy", "catalog_ids", "mediator", "mediator_class",
)  # fmt: skip


def mediators(
    *,
    compartment: str | Sequence[str] | None = None,
    pain_type: str | Sequence[str] | None = None,
    sex: str | Sequence[str] | None = None,
    effect: str | Sequence[str] | None = None,
    kind: str | Sequence[str] | None = None,
    cell: str | Sequence[str] | None = None,
    path: Path | str | None = None,
) -> pd.DataFrame:
    """Return the statements of the catalog, all of them or those that match every filter given.

    Parameters
    ----------
    compartment, pain_type, sex, effect, kind
        A word of that column or several; a row matches if it holds any of them.
    cell
        Population ids; a row matches if its source or its target is one of them or lies below one in the tree.
    path
        A catalog file in place of the shipped one.

    Returns
    -------
    One row a statement, all columns text, empty cells ``""``.

    Raises
    ------
    dolor.errors.UsageError
        A filter asks for a word that its column cannot hold.
    dolor.errors.DataError
        The catalog cannot be read.

    Examples
    --------
    >>> set(mediators(effect="anti", compartment="skin")["effect"])
    {'anti'}
    """
    catalog = read_catalog(path)
    filters = {"compartment": compartment, "pain_type": pain_type, "sex": sex, "effect": effect, "kind": kind}
    keep = pd.Series(True, index=catalog.index)
    for column, wanted in filters.items():
        if wanted is not None:
            keep &= _holds(catalog[column], _wanted(column, wanted))
    if cell is not None:
        cells = _with_descendants({cell} if isinstance(cell, str) else set(cell))
        keep &= _holds(catalog["source_cell"], cells) | _holds(catalog["target_cell"], cells)
    return catalog[keep].reset_index(drop=True)


def interactions(organism: Organism = "mouse", *, path: Path | str | None = None) -> pd.DataFrame:
    """Return the distinct ligand-receptor pairs of the catalog, ready to be scored.

    Parameters
    ----------
    organism
        Whose gene symbols ``ligand`` and ``receptor`` hold: ``"mouse"`` or ``"human"``.
    path
        A catalog file in place of the shipped one.

    Returns
    -------
    One row a pair: ``interaction_id`` (human symbols, ``LIGAND:RECEPTOR``, the same for both species), ``ligand`` and
    ``receptor`` in the grammar of :mod:`dolor.knowledge.genelogic`, ``ligand_proxy`` (``"enzyme"`` where the ligand
    is no protein and stands in by the enzymes that make it), ``catalog_ids`` and ``mediator`` (``;``-joined), and
    ``mediator_class``.

    Raises
    ------
    dolor.errors.UsageError
        The organism is neither mouse nor human.
    dolor.errors.DataError
        The catalog cannot be read.

    Examples
    --------
    >>> pairs = interactions("human").set_index("interaction_id")
    >>> pairs.loc["CCL17:CCR4", "mediator_class"]
    'chemokine'
    """
    if organism not in ("mouse", "human"):
        raise UsageError(f"organism '{organism}' is not in the catalog: choose 'mouse' or 'human'")
    return pairs_of(read_catalog(path), organism)


def pairs_of(catalog: pd.DataFrame, organism: Organism) -> pd.DataFrame:
    """Collapse catalog rows to distinct pairs; rows without genes on both sides in both species are left out."""
    columns = ["ligand_human", "receptor_human", f"ligand_{organism}", f"receptor_{organism}"]
    scoreable = catalog[(catalog[columns] != "").all(axis=1)]
    keys = (
        scoreable["ligand_human"].map(genelogic.canonical) + ":" + scoreable["receptor_human"].map(genelogic.canonical)
    )
    rows = []
    for _, same in scoreable.groupby(keys, sort=False):
        first = same.iloc[0]
        rows.append((
            f"{first['ligand_human']}:{first['receptor_human']}",
            first[f"ligand_{organism}"],
            first[f"receptor_{organism}"],
            first["ligand_proxy"],
            ";".join(same["id"]),
            ";".join(dict.fromkeys(same["mediator"])),
            first["mediator_class"],
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(INTERACTION_COLUMNS), dtype=object)


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


def _wanted(column: str, wanted: str | Sequence[str]) -> set[str]:
    """Return the words asked for, each known to its column."""
    asked = {wanted} if isinstance(wanted, str) else set(wanted)
    for word in sorted(asked):
        if word not in VOCABULARY[column]:
            raise UsageError(f"{column} '{word}' is no word of the catalog; {nearest(word, VOCABULARY[column])}")
    return asked


def _with_descendants(cells: set[str]) -> set[str]:
    """Return the populations asked for and all below them; ``not_stated`` is understood too."""
    from dolor.knowledge.populations import tree  # the tree is read only where a cell is asked for

    populations = tree()
    for cell in sorted(cells - {NOT_STATED}):
        if cell not in populations:
            raise UsageError(f"cell '{cell}' is no population; {nearest(cell, populations.ids())}")
    return cells.union(*(populations.descendants(cell) for cell in cells - {NOT_STATED}))


def _holds(column: pd.Series, wanted: set[str]) -> pd.Series:
    """Say for each cell whether it holds any of the wanted words."""
    if column.name in LISTS:
        return column.map(lambda cell: not wanted.isdisjoint(words(cell))).astype(bool)
    return column.isin(wanted)
