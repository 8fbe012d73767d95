"""Write pairs in the form that other tools read: LIANA and CellPhoneDB."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.knowledge import gene_logic

__all__ = ["to_cellphonedb", "to_liana"]

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
