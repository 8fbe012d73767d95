"""Pairs for discovery: the ligand-receptor resources that the installed LIANA brings, in the grammar of dolor."""

from __future__ import annotations

from types import MappingProxyType

import pandas as pd

from dolor.core.errors import DataError, MissingExtra, UsageError
from dolor.knowledge import gene_logic
from dolor.knowledge.pairs import counterparts, translate
from dolor.knowledge.vocabulary import INTERACTION_COLUMNS, Organism, nearest

__all__ = ["MERGED_LIGANDS", "discovery", "from_resource"]

# LIANA's consensus writes these ligands as one complex. Each subunit signals alone (IL17A and IL17F also together), so
# that a complex, scored by the gene least expressed, is zero wherever one of the two is absent. They are alternatives.
MERGED_LIGANDS = MappingProxyType({"CSF1_IL34": "CSF1|IL34", "IL17A_IL17F": "IL17A|IL17F"})


def discovery(resource: str = "consensus", organism: Organism = "mouse") -> pd.DataFrame:
    """Return the pairs of a resource of the installed LIANA.

    Parameters
    ----------
    resource
        A name that ``liana.resource.show_resources()`` lists, in human genes.
    organism
        Whose symbols ``ligand`` and ``receptor`` hold; mouse genes are found by orthology.

    Returns
    -------
    One row a pair, in the columns of :func:`dolor.knowledge.catalog.interactions`; ``source`` is the name of the
    resource, ``catalog_ids``, ``ligand_proxy`` and ``mediator_class`` are empty.
    ``attrs["dropped"]`` holds the interaction ids that have no counterpart in the mouse, or only one gene for both
    sides; ``attrs["merged"]`` those whose mouse genes are the same as of an id above them, which stands for both.

    Raises
    ------
    dolor.core.errors.MissingExtra
        LIANA is not installed.
    dolor.core.errors.UsageError
        LIANA has no such resource, or it is not in human genes.

    Notes
    -----
    Two ligands that LIANA's consensus stores as complexes only, CSF1_IL34 and IL17A_IL17F, are read as alternatives;
    see :data:`MERGED_LIGANDS`.

    Examples
    --------
    >>> pairs = discovery("consensus", "mouse")  # doctest: +SKIP
    >>> "CSF1|IL34:CSF1R" in set(pairs["interaction_id"])  # doctest: +SKIP
    True
    """
    if organism not in ("mouse", "human"):
        raise UsageError(f"organism '{organism}' has no discovery pairs: choose 'mouse' or 'human'")
    try:
        from liana.resource import select_resource, show_resources
    except ModuleNotFoundError as error:
        raise MissingExtra("liana", "discovery") from error
    names = [name for name in show_resources() if name != "mouseconsensus"]
    if resource == "mouseconsensus":
        raise UsageError(
            "resource 'mouseconsensus' is not in human genes; write resource='consensus', organism='mouse'"
        )
    if resource not in names:
        raise UsageError(f"LIANA has no resource '{resource}'; {nearest(resource, names)}")
    found = from_resource(select_resource(resource), organism)
    found["source"] = resource
    return found


def from_resource(table: pd.DataFrame, organism: Organism = "mouse") -> pd.DataFrame:
    """Bring a table of human pairs, written as LIANA writes them, to the form that is scored.

    Parameters
    ----------
    table
        Columns ``ligand`` and ``receptor`` in human symbols, the subunits of a complex joined with ``_``.
    organism
        Whose symbols the result holds.

    Returns
    -------
    As :func:`discovery`.

    Raises
    ------
    dolor.core.errors.DataError
        The table lacks one of the two columns.

    Examples
    --------
    >>> from_resource(pd.DataFrame({"ligand": ["CSF1_IL34"], "receptor": ["CSF1R"]}))["ligand"].tolist()
    ['Csf1|Il34']
    """
    missing = [column for column in ("ligand", "receptor") if column not in table.columns]
    if missing:
        raise DataError(f"the resource has no column '{missing[0]}'; it has {', '.join(map(str, table.columns))}")
    human = table[["ligand", "receptor"]].astype(str).map(_expression).drop_duplicates(ignore_index=True)
    ids = human["ligand"] + ":" + human["receptor"]
    sides = human
    if organism == "mouse":
        found = counterparts(pd.unique(human.to_numpy().ravel()), "mouse")
        sides = human.map(lambda text: translate(text, found))
    same = sides.map(lambda text: gene_logic.canonical(text) if text else "")
    kept = (same != "").all(axis=1) & (same["ligand"] != same["receptor"])
    frame = sides.assign(
        interaction_id=ids, mediator=human["ligand"], source="resource",
        **dict.fromkeys(("ligand_proxy", "catalog_ids", "mediator_class", "source_cell", "target_cell", "effect"), ""),
    )  # fmt: skip
    # Human genes without a mouse gene of their own (KIR3DL1 and KIR3DL2) end as one pair.
    repeated = same.duplicated() & kept
    result = frame.loc[kept & ~repeated, list(INTERACTION_COLUMNS)].reset_index(drop=True)
    result.attrs["dropped"], result.attrs["merged"] = tuple(ids[~kept]), tuple(ids[repeated])
    return result


def _expression(name: str) -> str:
    """Read LIANA's name of a ligand or receptor as a gene expression."""
    if name in MERGED_LIGANDS:
        return MERGED_LIGANDS[name]
    # One resource writes a stray semicolon behind a gene.
    return gene_logic.format([name.rstrip(";").split("_")])
