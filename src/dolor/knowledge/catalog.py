"""The mediator catalog: which immune signal acts on which cell, where, and to what effect on pain.

One row is one statement. Rows that name genes for a ligand and for a receptor can be scored; :func:`interactions`
gives these as distinct pairs. The others (pathways, receptors alone, cells alone) stay in :func:`mediators`.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dolor.errors import UsageError
from dolor.knowledge import genelogic
from dolor.knowledge.catalog_check import Report, validate
from dolor.knowledge.catalog_file import read_catalog
from dolor.knowledge.catalog_page import page
from dolor.knowledge.discovery import discovery
from dolor.knowledge.extended import extended
from dolor.knowledge.pair_export import to_cellphonedb, to_liana
from dolor.knowledge.populations import tree
from dolor.knowledge.readouts import readouts
from dolor.knowledge.user_pairs import merged, read_pairs
from dolor.knowledge.vocabulary import (
    INTERACTION_COLUMNS,
    LISTS,
    NOT_STATED,
    VOCABULARY,
    Organism,
    nearest,
    words,
)

__all__ = [
    "INTERACTION_COLUMNS",
    "Organism",
    "Report",
    "discovery",
    "extended",
    "interactions",
    "mediators",
    "page",
    "read_pairs",
    "readouts",
    "to_cellphonedb",
    "to_liana",
    "validate",
]


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


def interactions(
    organism: Organism = "mouse",
    *,
    source: str = "review",
    pairs: Path | str | None = None,
    merge: bool = True,
    path: Path | str | None = None,
) -> pd.DataFrame:
    """Return distinct ligand-receptor pairs, ready to be scored: of the review, beyond it, or of a file of your own.

    Parameters
    ----------
    organism
        Whose gene symbols ``ligand`` and ``receptor`` hold: ``"mouse"`` or ``"human"``.
    source
        ``"review"``: the pairs of the catalog. ``"extended"``: these and the established pairs that the review does not
        name (:func:`extended`). The name of a resource of the installed LIANA: its pairs alone (:func:`discovery`).
        ``"file"``: those of your file alone.
    pairs
        A file of your own pairs; see :func:`dolor.knowledge.user_pairs.read_pairs`.
    merge
        Add your pairs to those of ``source``; ``False`` gives yours alone, as ``source="file"`` does.
    path
        A catalog file in place of the shipped one.

    Returns
    -------
    One row a pair: ``interaction_id`` (human symbols, ``LIGAND:RECEPTOR``, the same for both species), ``ligand`` and
    ``receptor`` in the grammar of :mod:`dolor.knowledge.genelogic`, ``ligand_proxy`` (``"enzyme"`` where the ligand
    is no protein and stands in by the enzymes that make it), ``catalog_ids`` and ``mediator`` (``;``-joined),
    ``mediator_class``, and ``source``: ``review``, ``extended``, the name of the resource, or ``file``. ``source_cell``
    and ``target_cell`` hold the populations that may send and receive, ``effect`` what the pair does to pain, where
    your file says so; they are empty for all other pairs, which any population may send.

    Raises
    ------
    dolor.errors.UsageError
        The organism is neither mouse nor human, or the source is not known.
    dolor.errors.DataError
        The catalog or the pairs cannot be read; the message names the file, the line and the column.

    Examples
    --------
    >>> shipped = interactions("human").set_index("interaction_id")
    >>> shipped.loc["CCL17:CCR4", "mediator_class"]
    'chemokine'
    """
    if organism not in ("mouse", "human"):
        raise UsageError(f"organism '{organism}' is not in the catalog: choose 'mouse' or 'human'")
    shipped = _shipped(source, organism, path)
    if pairs is None:
        if source == "file":
            raise UsageError("source 'file' needs the file of your pairs: pairs='my_pairs.tsv'")
        return shipped
    own = read_pairs(pairs, organism, known=shipped)
    return merged(shipped, own) if merge and source != "file" else own


def _shipped(source: str, organism: Organism, path: Path | str | None) -> pd.DataFrame:
    """Return the pairs of a source that is no file of the user's own."""
    catalog = read_catalog(path)
    review = pairs_of(catalog, organism)
    if source in ("review", "file"):
        return review
    if source == "extended":
        beyond = pairs_of(extended(), organism).assign(source="extended")
        return pd.concat([review, beyond], ignore_index=True)
    if difflib.get_close_matches(source, ("review", "extended", "file"), n=1, cutoff=0.75):
        raise UsageError(f"source '{source}' is not known; {nearest(source, ('review', 'extended', 'file'))}")
    return discovery(source, organism)


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
            "review",
            "",
            "",
            "",
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(INTERACTION_COLUMNS), dtype=object)


def _wanted(column: str, wanted: str | Sequence[str]) -> set[str]:
    """Return the words asked for, each known to its column."""
    asked = {wanted} if isinstance(wanted, str) else set(wanted)
    for word in sorted(asked):
        if word not in VOCABULARY[column]:
            raise UsageError(f"{column} '{word}' is no word of the catalog; {nearest(word, VOCABULARY[column])}")
    return asked


def _with_descendants(cells: set[str]) -> set[str]:
    """Return the populations asked for and all below them; ``not_stated`` is understood too."""
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
