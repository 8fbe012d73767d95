"""Write pairs in the form that other tools read: LIANA and CellPhoneDB."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dolor.errors import DataError
from dolor.knowledge import genelogic

__all__ = ["to_cellphonedb", "to_liana"]

_SUBUNITS = 5


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
        for ligand in genelogic.parse(str(pair.ligand))
        for receptor in genelogic.parse(str(pair.receptor))
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
    to ``uniprot_5``. ``left_out``: pairs with a gene that this database does not know, and that gene. Alternatives
    are rows of their own.

    Raises
    ------
    dolor.errors.DataError
        One of the two files is missing or is no such table.
    """
    accession = _accessions(Path(database))
    interactions, complexes, left_out = [], {}, []
    for pair in to_liana(pairs).itertuples():
        sides = [str(pair.ligand).split("_"), str(pair.receptor).split("_")]
        unknown = [gene for side in sides for gene in side if gene not in accession]
        if unknown:
            left_out.append((pair.interaction_id, unknown[0]))
            continue
        for side in sides:
            if len(side) > 1:
                complexes["_".join(side)] = [accession[gene] for gene in side]
        partners = [accession[side[0]] if len(side) == 1 else "_".join(side) for side in sides]
        interactors = "-".join("+".join(side) for side in sides)
        interactions.append((*partners, interactors, "dolor", "user_curated"))
    columns = ["partner_a", "partner_b", "interactors", "source", "annotation_strategy"]
    uniprot = [f"uniprot_{number}" for number in range(1, _SUBUNITS + 1)]
    return {
        "interaction_input": pd.DataFrame(interactions, columns=columns, dtype=object),
        "complex_input": pd.DataFrame(
            [(name, *accessions, *[""] * (_SUBUNITS - len(accessions))) for name, accessions in complexes.items()],
            columns=["complex_name", *uniprot],
            dtype=object,
        ),
        "left_out": pd.DataFrame(left_out, columns=["interaction_id", "gene"], dtype=object),
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
