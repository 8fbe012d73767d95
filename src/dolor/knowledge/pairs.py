"""A user's own ligand-receptor pairs: a small table, alone or added to the catalog's, and which cells it bounds.

Carry gene expressions of pairs from one species to the other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core import package_files
from dolor.core.errors import DataError
from dolor.knowledge import gene_logic
from dolor.knowledge.catalog_rules import pair_faults
from dolor.knowledge.genes import resolve, to_human, to_mouse
from dolor.knowledge.population_tree import PopulationTree
from dolor.knowledge.populations import tree
from dolor.knowledge.vocabulary import INTERACTION_COLUMNS, VOCABULARY, Organism, nearest

__all__ = ["counterparts", "merged", "read_pairs", "translate", "within_bounds"]

_KNOWN = (
    "ligand",
    "receptor",
    "mediator",
    "mediator_class",
    "ligand_proxy",
    "id",
    "source_cell",
    "target_cell",
    "effect",
)

# Columns that are kept as they are; empty where the file has none.
_OPTIONAL = ("ligand_proxy", "mediator_class", "source_cell", "target_cell", "effect")


# So many faults of a table are named at once.
_NAMED = 20


def read_pairs(path: Path | str, organism: Organism, *, known: pd.DataFrame | None = None) -> pd.DataFrame:
    r"""Read ligand-receptor pairs from a file of your own.

    Parameters
    ----------
    path
        A table with tabs (``.tsv``, ``.txt``) or commas (``.csv``), or YAML with a list of mappings. ``ligand`` and
        ``receptor`` are needed; ``mediator``, ``mediator_class``, ``ligand_proxy``, ``id`` and ``effect`` are used
        where given; ``source_cell`` and ``target_cell`` (populations, ``;``-joined) say who may send and receive; other
        columns are yours and are left alone. Genes are those of ``organism``, by today's symbol, a former one or
        an Ensembl id, joined with ``+`` (all needed) and ``|`` (any will do).
    organism
        Whose symbols the file holds and the result gives: ``"mouse"`` or ``"human"``.
    known
        Pairs of the catalog for the same organism: a pair that stands there the other way round is refused as swapped.

    Returns
    -------
    One row a pair, in the columns that :func:`dolor.knowledge.catalog.interactions` gives. The interaction id is in
    human symbols as there; a mouse gene without a human counterpart keeps its own symbol in it.

    Raises
    ------
    dolor.core.errors.DataError
        Naming file, line, column and value of the faults, at most 20: an unknown column, an empty cell, an unknown gene
        or separator, a pair with itself, a duplicate, ligand and receptor swapped.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.csv")
    ...     _ = file.write_text("ligand,receptor,mediator,mediator_class\nCx3cl1,Cx3cr1,fractalkine,chemokine\n")
    ...     read_pairs(file, "mouse")["interaction_id"].tolist()
    ['CX3CL1:CX3CR1']
    """
    path = Path(path)
    table = _table(path)
    found = _faults(table, organism, _ways_round(known))
    faults = [f"line {line}, column {column}: {message}" for line, column, message in found]
    if faults:
        more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
        raise DataError(f"{path}: {'; '.join(faults[:_NAMED])}{more}")
    for column in ("ligand", "receptor"):
        table[column] = _current(table[column], organism)
    ids = _interaction_ids(table, organism)
    optional = {column: table.get(column, "") for column in _OPTIONAL}
    own = table["id"] if "id" in table else [f"{path.name}:{line}" for line in range(2, len(table) + 2)]
    named = table["mediator"] if "mediator" in table else table["ligand"]
    frame = table[["ligand", "receptor"]].assign(
        interaction_id=ids, catalog_ids=own, mediator=named, source="file", **optional
    )
    return frame[list(INTERACTION_COLUMNS)].astype(object)


def merged(shipped: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Add own pairs to those of the catalog; a pair that both hold stays the catalog's and lists both ids."""
    statements = shipped["catalog_ids"].astype(str).tolist()
    place = {_key(ligand, receptor): row for row, (ligand, receptor) in enumerate(_both(shipped))}
    new = []
    for row, (ligand, receptor) in enumerate(_both(own)):
        there = place.get(_key(ligand, receptor))
        if there is None:
            new.append(row)
        else:
            statements[there] += f";{own['catalog_ids'].iloc[row]}"
    bounds = {column: shipped[column].astype(str).tolist() for column in ("source_cell", "target_cell", "effect")}
    for row, (ligand, receptor) in enumerate(_both(own)):
        there = place.get(_key(ligand, receptor))
        if there is not None:
            for column, cells in bounds.items():
                cells[there] = str(own[column].iloc[row])
    both = shipped.assign(catalog_ids=statements, **bounds)
    return pd.concat([both, own.iloc[new]], ignore_index=True)


def _table(path: Path) -> pd.DataFrame:
    """Read the file as text and check its columns."""
    if path.suffix in (".yaml", ".yml"):
        rows = package_files.load(path)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataError(f"{path}: pairs in YAML are a list of mappings, each with 'ligand' and 'receptor'")
        table = pd.DataFrame(rows).fillna("").astype(str)
    else:
        try:
            separator = "," if path.suffix == ".csv" else "\t"
            table = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        except FileNotFoundError:
            raise DataError(f"{path}: no such file") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read as a table ({error})") from error
    table.columns = [str(column).strip() for column in table.columns]
    for column in table.columns:
        meant = difflib.get_close_matches(column, _KNOWN, n=1, cutoff=0.8)
        if column not in _KNOWN and meant and meant[0] not in table.columns:
            raise DataError(f"{path}: unknown column '{column}'; did you mean '{meant[0]}'?")
    missing = [column for column in ("ligand", "receptor") if column not in table.columns]
    if missing:
        raise DataError(f"{path}: the column '{missing[0]}' is missing; there are {', '.join(table.columns)}")
    if table.empty:
        raise DataError(f"{path}: there is no pair in it")
    return pd.DataFrame({column: cells.str.strip() for column, cells in table.items()})


def _faults(table: pd.DataFrame, organism: Organism, reversed_pairs: set[str]) -> Iterator[tuple[int, str, str]]:
    """Find what is wrong: line, column, message. The header is line 1."""
    seen: dict[str, int] = {}
    readable = True
    for line, (ligand, receptor) in enumerate(_both(table), start=2):
        of_line = [
            (column, "must not be empty") for column, text in (("ligand", ligand), ("receptor", receptor)) if not text
        ]
        of_line += pair_faults(ligand, receptor)
        for column, message in of_line:
            yield line, column, message
        if of_line:
            # What cannot be read as genes cannot be compared with other lines either.
            readable = False
            continue
        key = _key(ligand, receptor)
        if key in reversed_pairs:
            yield (
                line,
                "ligand",
                f"the catalog has '{receptor}' as ligand of '{ligand}': ligand and receptor look swapped",
            )
        if key in seen:
            yield line, "receptor", f"a duplicate of line {seen[key]}: '{ligand}' with '{receptor}'"
        seen[key] = line
    for column in ("ligand", "receptor") if readable else ():
        yield from _unknown_genes(table[column], column, organism)
    for column in ("mediator_class", "ligand_proxy", "effect"):
        for line, word in enumerate(table.get(column, []), start=2):
            if word and word not in VOCABULARY[column]:
                yield line, column, f"unknown word '{word}'; {nearest(word, VOCABULARY[column])}"


def _unknown_genes(cells: pd.Series, column: str, organism: Organism) -> Iterator[tuple[int, str, str]]:
    """Find symbols that mean no gene, or several, in the species asked for."""
    found = resolve(dict.fromkeys(gene for text in cells for gene in gene_logic.genes(text)), organism)
    status = dict(zip(found["input"], found["status"], strict=True))
    candidates = dict(zip(found["input"], found["candidates"], strict=True))
    for line, text in enumerate(cells, start=2):
        for gene in gene_logic.genes(text):
            if status[gene] == "ambiguous":
                yield line, column, f"'{gene}' can mean several genes: write {candidates[gene].replace(';', ' or ')}"
            elif status[gene] == "unknown":
                yield line, column, f"'{gene}' is no {organism} gene; pairs are read in the symbols of the organism"


def _current(cells: pd.Series, organism: Organism) -> pd.Series:
    """Write former symbols and Ensembl ids as today's symbols."""
    found = resolve(dict.fromkeys(gene for text in cells for gene in gene_logic.genes(text)), organism)
    symbols = {name: (symbol,) for name, symbol in zip(found["input"], found["symbol"], strict=True)}
    return cells.map(lambda text: translate(text, symbols))


def _interaction_ids(table: pd.DataFrame, organism: Organism) -> list[str]:
    """Name the pairs in human symbols."""
    if organism == "human":
        return [f"{ligand}:{receptor}" for ligand, receptor in _both(table)]
    found = counterparts([*table["ligand"], *table["receptor"]], "human")
    kept = {gene: others or (gene,) for gene, others in found.items()}
    return [f"{translate(ligand, kept)}:{translate(receptor, kept)}" for ligand, receptor in _both(table)]


def _both(table: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Give ligand and receptor row by row."""
    return zip(table["ligand"], table["receptor"], strict=True)


def _key(ligand: str, receptor: str) -> str:
    """Write a pair so that the order in which its genes are written does not matter."""
    return f"{gene_logic.canonical(ligand)}:{gene_logic.canonical(receptor)}"


def _ways_round(known: pd.DataFrame | None) -> set[str]:
    """Give the known pairs with their roles exchanged."""
    return set() if known is None else {_key(receptor, ligand) for ligand, receptor in _both(known)}


def counterparts(expressions: Iterable[str], target: Organism) -> dict[str, tuple[str, ...]]:
    """Find the genes of the other species for every gene in some expressions.

    Parameters
    ----------
    expressions
        Expressions of :mod:`dolor.knowledge.gene_logic` in symbols of the species that is not ``target``.
    target
        The species to go to.

    Returns
    -------
    For each symbol its counterparts: none, one or several.

    Examples
    --------
    >>> counterparts(["IL6R+IL6ST"], "mouse")
    {'IL6R': ('Il6ra',), 'IL6ST': ('Il6st',)}
    """
    symbols = list(dict.fromkeys(gene for text in expressions for gene in gene_logic.genes(text)))
    table = to_mouse(symbols) if target == "mouse" else to_human(symbols)
    found: dict[str, tuple[str, ...]] = dict.fromkeys(symbols, ())
    for symbol, other in zip(table["input"], table[target], strict=True):
        if other:
            found[symbol] = (*found[symbol], other)
    return found


def translate(expression: str, table: Mapping[str, tuple[str, ...]]) -> str:
    """Write an expression in the genes of the other species.

    A gene with several counterparts becomes alternatives; an alternative that lacks a counterpart for a subunit goes.

    Parameters
    ----------
    expression
        The expression to carry over.
    table
        What :func:`counterparts` found.

    Returns
    -------
    The expression, ``""`` if no alternative is left.

    Examples
    --------
    >>> translate("A+B|C", {"A": ("a",), "B": ("b1", "b2"), "C": ()})
    'a+b1|a+b2'
    """
    alternatives = [
        tuple(dict.fromkeys(choice))
        for subunits in gene_logic.parse(expression)
        for choice in product(*(table.get(gene, ()) for gene in subunits))
    ]
    return gene_logic.format(dict.fromkeys(alternatives))


def within_bounds(
    table: pd.DataFrame, interactions: pd.DataFrame, populations: PopulationTree | None = None
) -> pd.DataFrame:
    """Return the rows whose sender and receiver the pairs allow.

    Parameters
    ----------
    table
        One row per (..., ``sender``, ``receiver``, ``interaction_id``), such as scores or contrasts.
    interactions
        With ``source_cell`` and ``target_cell``: populations joined by ``;``, empty where any may send or receive.
        Without these columns all rows are returned.
    populations
        The tree of populations; default: that of the signatures.

    Returns
    -------
    The table itself where nothing is bounded. A population stands for those that it contains; a label that contains
    it, such as a class, is kept too, since it may be what those cells are called here.

    Examples
    --------
    >>> pairs = pd.DataFrame({"interaction_id": ["a"], "source_cell": ["macrophage"], "target_cell": [""]})
    >>> rows = pd.DataFrame({"interaction_id": "a", "sender": ["macrophage", "t_cell"], "receiver": "sensory_neuron"})
    >>> within_bounds(rows, pairs)["sender"].tolist()
    ['macrophage']
    """
    keep = np.ones(len(table), dtype=bool)
    for column, side in (("source_cell", "sender"), ("target_cell", "receiver")):
        if column in interactions.columns and (interactions[column].astype(str) != "").any():
            keep &= _allowed(table, interactions, column, side, tree() if populations is None else populations)
    return table if keep.all() else table[keep].reset_index(drop=True)


def _allowed(
    table: pd.DataFrame, interactions: pd.DataFrame, column: str, side: str, populations: PopulationTree
) -> NDArray[np.bool_]:
    """Return for each row whether the label on one side is among those that its pair names."""
    labels = pd.Categorical(table[side])
    ids = pd.Categorical(table["interaction_id"], categories=interactions["interaction_id"].astype(str))
    named = [_spread(str(names), populations) for names in interactions[column]]
    known = [str(label) for label in labels.categories]
    matrix = np.array([[not names or label in names for label in known] for names in named], dtype=bool)
    return np.asarray(matrix.reshape(len(named), len(known))[ids.codes, labels.codes])


def _spread(names: str, populations: PopulationTree) -> set[str]:
    """Return populations with all that they contain and all that contain them."""
    found = {name.strip() for name in names.split(";") if name.strip()}
    for name in tuple(found):
        if name in populations:
            found |= {*populations.descendants(name), *populations.ancestors(name)}
    return found
