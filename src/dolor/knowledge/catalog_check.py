"""Validate a mediator catalog: its rules, and that every gene, population and sentence that it names exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from dolor.core.package_files import signature_path
from dolor.knowledge import gene_logic
from dolor.knowledge.catalog_rules import Fault, read_catalog, row_faults, table_faults
from dolor.knowledge.extended import extended_faults, read_extended
from dolor.knowledge.genes import resolve
from dolor.knowledge.populations import tree
from dolor.knowledge.programmes import programmes
from dolor.knowledge.readouts import read_readouts, readout_faults
from dolor.knowledge.vocabulary import LISTS, NOT_STATED, nearest, words

__all__ = ["SENTENCES", "Report", "validate"]

COUNTED = ("kind", "pain_type", "compartment", "effect", "sex", "readout")

# Sentences in each paragraph of the review, P0 (the abstract) to P28; a locator such as P11.4 must lie within.
SENTENCES = (
    7, 5, 4, 5, 2, 4, 8, 1, 9, 3, 3, 21, 5, 10, 5, 9, 9, 10, 4, 7, 12, 10, 19, 5, 6, 8, 4, 3, 3,
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What a validation found: the file, how many rows of each sort, and the faults.

    ``pairs`` are statements with a ligand and a receptor, ``distinct`` the different pairs among them, ``beyond`` the
    established pairs that the review does not name.
    """

    path: Path
    rows: int
    pairs: int
    distinct: int
    beyond: int
    counts: Mapping[str, Mapping[str, int]]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    def __str__(self) -> str:
        lines = [f"{self.path.name}: {self.rows} statements, {self.pairs} with ligand and receptor to score"]
        lines.append(f"  distinct pairs: {self.distinct} of the review, {self.beyond} beyond it")
        for column, counts in self.counts.items():
            lines.append(f"  {column}: " + ", ".join(f"{word} {number}" for word, number in counts.items()))
        lines += [f"  FAULT {fault}" for fault in self.faults] or ["  no faults"]
        return "\n".join(lines)


def validate(
    path: Path | str | None = None, *, readouts: Path | str | None = None, extended: Path | str | None = None
) -> Report:
    """Check a catalog file whole, with the two tables beside it, and count what is in it.

    Parameters
    ----------
    path
        The file; the shipped catalog by default.
    readouts, extended
        The tables of readouts and of pairs beyond the review; the shipped ones by default. A table ``readouts.tsv``
        in the folder of a catalog of your own is taken for its readouts; without one they are not checked.

    Returns
    -------
    Counts by kind, pain type, compartment, effect, sex and readout, and every fault with its line, row and column.
    ``str()`` of it is what the command line prints. A row that names several compartments or pain types counts for
    each.

    Raises
    ------
    dolor.core.errors.DataError
        The file is no such table at all.

    Examples
    --------
    >>> validate().ok
    True
    """
    catalog = read_catalog(path, checked=False)
    sides = catalog[["ligand_human", "receptor_human"]]
    scoreable = (sides != "").all(axis=1)
    beyond = read_extended(extended)
    faults = [*row_faults(catalog), *table_faults(catalog)]
    if not faults:  # an expression that cannot be read has no symbols to look up
        faults += [*_unknown_genes(catalog), *_unknown_cells(catalog), *_unknown_locators(catalog)]
        faults += [*_readout_faults(catalog, _readouts_beside(path, readouts)), *_extended_faults(beyond, catalog)]
    return Report(
        path=Path(path) if path is not None else signature_path("mediators.tsv"),
        rows=len(catalog),
        pairs=int(scoreable.sum()),
        distinct=len(sides[scoreable].map(gene_logic.canonical).drop_duplicates()) if not faults else 0,
        beyond=len(beyond),
        counts={column: _count(catalog[column]) for column in COUNTED},
        faults=tuple(sorted(faults, key=lambda fault: (fault.file, fault.line))),
    )


def _count(column: pd.Series) -> dict[str, int]:
    """Count the words of a column, most frequent first."""
    split = words if column.name in LISTS else lambda cell: [cell]
    return dict(Counter(word for cell in column for word in split(cell)).most_common())


def _readouts_beside(path: Path | str | None, readouts: Path | str | None) -> Path | None:
    """Say which table of readouts goes with a catalog file, if any."""
    if readouts is not None:
        return Path(readouts)
    if path is None:
        return signature_path("readouts.tsv")
    beside = Path(path).with_name("readouts.tsv")
    return beside if beside.is_file() else None


def _readout_faults(catalog: pd.DataFrame, path: Path | None) -> Iterator[Fault]:
    """Find what is wrong with the table of readouts."""
    if path is None:
        return
    table = read_readouts(path)
    known = set(programmes("human")["programme"])
    faults = list(readout_faults(table, catalog, tree().ids(), known))
    if not faults:
        faults += _unknown_genes(table, ("genes",))
    yield from (replace(fault, file=path.name) for fault in faults)


def _extended_faults(table: pd.DataFrame, catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find what is wrong with the pairs beyond the review."""
    faults = list(extended_faults(table, catalog))
    if not faults:
        faults += [*_unknown_genes(table), *_unknown_cells(table)]
    yield from (replace(fault, file="pairs_extended.tsv") for fault in faults)


def _unknown_genes(catalog: pd.DataFrame, sides: Sequence[str] = ("ligand", "receptor")) -> Iterator[Fault]:
    """Find symbols that the gene table of their species does not list as current."""
    for organism in ("human", "mouse"):
        for column in (f"{side}_{organism}" for side in sides):
            symbols = sorted({gene for text in catalog[column] for gene in gene_logic.genes(text)})
            found = resolve(symbols, organism)
            stale = found[found["status"] != "current"]
            candidates = dict(zip(stale["input"].astype(str), stale["candidates"].astype(str), strict=True))
            for line, (row, text) in enumerate(zip(catalog["id"], catalog[column], strict=True), start=2):
                for symbol in gene_logic.genes(text):
                    if symbol in candidates:
                        yield Fault(line, row, column, _gene_message(symbol, candidates[symbol], organism))


def _gene_message(symbol: str, candidates: str, organism: str) -> str:
    """Say what to write in place of a symbol that is not current."""
    if candidates:
        return f"'{symbol}' is not the current {organism} symbol; write {candidates.replace(';', ' or ')}"
    return f"'{symbol}' is no {organism} gene that the gene table knows"


def _unknown_cells(catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find source and target cells that the tree of populations does not hold."""
    known = (NOT_STATED, *tree().ids())
    for column in ("source_cell", "target_cell"):
        for line, (row, cell) in enumerate(zip(catalog["id"], catalog[column], strict=True), start=2):
            for word in words(cell):
                if word not in known:
                    yield Fault(line, row, column, f"unknown population '{word}'; {nearest(word, known)}")


def _unknown_locators(catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find locators of sentences that the review does not have."""
    for line, (row, cell) in enumerate(zip(catalog["id"], catalog["locator"], strict=True), start=2):
        for locator in words(cell):
            paragraph, _, sentence = locator.removeprefix("P").partition(".")
            known = locator.startswith("P") and paragraph.isdecimal() and sentence.isdecimal()
            if not known or int(paragraph) >= len(SENTENCES) or not 1 <= int(sentence) <= SENTENCES[int(paragraph)]:
                yield Fault(line, row, "locator", f"the review has no sentence '{locator}'; write P11.4")
