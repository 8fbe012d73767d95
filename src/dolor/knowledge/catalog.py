"""The mediator catalog: which immune signal acts on which cell, where, and to what effect on pain.

One row is one statement. Rows that name genes for a ligand and for a receptor can be scored; :func:`interactions`
gives these as distinct pairs, which LIANA and CellPhoneDB can read too. The others (pathways, receptors alone, cells
alone) stay in :func:`mediators`.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError, UsageError
from dolor.knowledge import gene_logic
from dolor.knowledge.catalog_check import Report, validate
from dolor.knowledge.catalog_page import page
from dolor.knowledge.catalog_rules import read_catalog
from dolor.knowledge.discovery import discovery
from dolor.knowledge.extended import extended
from dolor.knowledge.pairs import merged, read_pairs
from dolor.knowledge.populations import tree
from dolor.knowledge.readouts import readouts
from dolor.knowledge.vocabulary import INTERACTION_COLUMNS, LISTS, NOT_STATED, VOCABULARY, Organism, nearest, words

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

_UNIPROT = tuple(f"uniprot_{number}" for number in range(1, 6))
# What CellPhoneDB 5 reads of its two files; of a complex also what it is and what is known about it.
_INTERACTION = (
    "partner_a", "partner_b", "interactors", "source", "annotation_strategy", "directionality", "version",
)  # fmt: skip
_IS = ("receptor", "other", "secreted_highlight", "transmembrane", "secreted", "peripheral", "integrin")
_ABOUT = (
    "receptor_desc", "other_desc", "secreted_desc", "pdb_structure", "pdb_id", "stoichiometry", "comments_complex",
)  # fmt: skip
_COMPLEX = ("complex_name", *_UNIPROT, *_IS, *_ABOUT, "version")


def to_liana(pairs: pd.DataFrame) -> pd.DataFrame:
    """Write pairs as a resource for LIANA.

    Parameters
    ----------
    pairs
        What :func:`dolor.knowledge.catalog.interactions` gives.

    Returns
    -------
    Columns ``ligand`` and ``receptor``, complexes joined with ``_``, and ``interaction_id``. LIANA has no word for
    alternatives: each combination of them is a row of its own, with the same ``interaction_id``.

    Examples
    --------
    >>> to_liana(pd.DataFrame({"interaction_id": ["x"], "ligand": ["A"], "receptor": ["B+C|D"]}))["receptor"].tolist()
    ['B_C', 'D']
    """
    rows = [
        ("_".join(ligand), "_".join(receptor), pair.interaction_id)
        for pair in pairs.itertuples()
        for ligand in gene_logic.parse(str(pair.ligand))
        for receptor in gene_logic.parse(str(pair.receptor))
    ]
    return pd.DataFrame(rows, columns=["ligand", "receptor", "interaction_id"], dtype=object)


def to_cellphonedb(pairs: pd.DataFrame, database: Path | str) -> dict[str, pd.DataFrame]:
    """Write pairs as the two tables that CellPhoneDB adds to its database: interactions and complexes.

    Parameters
    ----------
    pairs
        What :func:`dolor.knowledge.catalog.interactions` gives for human.
    database
        Folder of the CellPhoneDB database that the tables are for, with its ``gene_input.csv`` (which gives each
        symbol's accession) and ``protein_input.csv`` (CellPhoneDB takes no protein that is not in it).

    Returns
    -------
    ``interaction_input``: ``partner_a`` (ligand) and ``partner_b`` (receptor), each an accession or the name of a
    complex, ``interactors``, ``source`` and ``annotation_strategy``. ``complex_input``: ``complex_name``, ``uniprot_1``
    to ``uniprot_5``, and the further columns of that file. Rows of both go below those of the database's own files
    (``cellphonedb.utils.db_utils.create_db`` then builds it). ``left_out``: pairs with a gene that this database does
    not know, and that gene. Alternatives are rows of their own.

    Raises
    ------
    dolor.core.errors.DataError
        One of the two files is missing or is no such table.

    Examples
    --------
    >>> from dolor.knowledge.catalog import interactions
    >>> tables = to_cellphonedb(interactions("human"), "cellphonedb/database")  # doctest: +SKIP
    >>> list(tables)  # doctest: +SKIP
    ['interaction_input', 'complex_input', 'left_out']
    """
    accession = _accessions(Path(database))
    interactions, complexes, left_out = [], {}, []
    for pair in to_liana(pairs).itertuples():
        sides = {"ligand": str(pair.ligand).split("_"), "receptor": str(pair.receptor).split("_")}
        unknown = [gene for side in sides.values() for gene in side if gene not in accession]
        if unknown:
            left_out.append((pair.interaction_id, unknown[0]))
            continue
        for role, side in sides.items():
            if len(side) > 1:
                complexes["_".join(side)] = _complex(side, accession, role == "receptor")
        partners = [accession[side[0]] if len(side) == 1 else "_".join(side) for side in sides.values()]
        interactors = "-".join("+".join(side) for side in sides.values())
        interactions.append((*partners, interactors, "dolor", "user_curated", "Ligand-Receptor", "dolor"))
    return {
        "interaction_input": pd.DataFrame(interactions, columns=list(_INTERACTION), dtype=object),
        "complex_input": pd.DataFrame(list(complexes.values()), columns=list(_COMPLEX)),
        "left_out": pd.DataFrame(left_out, columns=["interaction_id", "gene"], dtype=object),
    }


def _complex(subunits: list[str], accession: Mapping[str, str], is_receptor: bool) -> dict[str, object]:
    """Describe a complex in CellPhoneDB's columns; what dolor does not know of it is left blank."""
    accessions = [accession[gene] for gene in subunits]
    return {
        "complex_name": "_".join(subunits),
        **dict(itertools.zip_longest(_UNIPROT, accessions, fillvalue="")),
        **{column: is_receptor and column == "receptor" for column in _IS},
        **dict.fromkeys(_ABOUT, ""),
        "version": "dolor",
    }


def _accessions(database: Path) -> dict[str, str]:
    """Read which accession stands for which symbol, of those that the database can hold."""
    genes = _columns(database / "gene_input.csv", ["hgnc_symbol", "uniprot"])
    proteins = _columns(database / "protein_input.csv", ["uniprot"])
    held = genes[genes["uniprot"].isin(set(proteins["uniprot"]))]
    return dict(zip(held["hgnc_symbol"], held["uniprot"], strict=True))


def _columns(path: Path, columns: list[str]) -> pd.DataFrame:
    """Read some columns of a table of a CellPhoneDB database."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, usecols=columns)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give the folder of a CellPhoneDB database") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no table of a CellPhoneDB database ({error})") from error


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
    dolor.core.errors.UsageError
        A filter asks for a word that its column cannot hold.
    dolor.core.errors.DataError
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
        A file of your own pairs; see :func:`dolor.knowledge.pairs.read_pairs`.
    merge
        Add your pairs to those of ``source``; ``False`` gives yours alone, as ``source="file"`` does.
    path
        A catalog file in place of the shipped one.

    Returns
    -------
    One row a pair: ``interaction_id`` (human symbols, ``LIGAND:RECEPTOR``, the same for both species), ``ligand`` and
    ``receptor`` in the grammar of :mod:`dolor.knowledge.gene_logic`, ``ligand_proxy`` (``"enzyme"`` where the ligand
    is no protein and stands in by the enzymes that make it), ``catalog_ids`` and ``mediator`` (``;``-joined),
    ``mediator_class``, and ``source``: ``review``, ``extended``, the name of the resource, or ``file``. ``source_cell``
    and ``target_cell`` hold the populations that may send and receive, ``effect`` what the pair does to pain, where
    your file says so; they are empty for all other pairs, which any population may send.

    Raises
    ------
    dolor.core.errors.UsageError
        The organism is neither mouse nor human, or the source is not known.
    dolor.core.errors.DataError
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
        scoreable["ligand_human"].map(gene_logic.canonical)
        + ":"
        + scoreable["receptor_human"].map(gene_logic.canonical)
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
