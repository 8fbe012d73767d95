"""Validate a mediator catalog: its rules, and that every gene, population and sentence that it names exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dolor.knowledge import genelogic
from dolor.knowledge.catalog_file import read_catalog
from dolor.knowledge.catalog_rules import Fault, row_faults, table_faults
from dolor.knowledge.genes import resolve
from dolor.knowledge.paths import signature_path
from dolor.knowledge.populations import tree
from dolor.knowledge.vocabulary import LISTS, NOT_STATED, nearest, words

__all__ = ["SENTENCES", "Report", "validate"]

COUNTED = ("kind", "pain_type", "compartment", "effect", "sex")

# Sentences in each paragraph of the review, P0 (the abstract) to P28; a locator such as P11.4 must lie within.
SENTENCES = (
    7, 5, 4, 5, 2, 4, 8, 1, 9, 3, 3, 21, 5, 10, 5, 9, 9, 10, 4, 7, 12, 10, 19, 5, 6, 8, 4, 3, 3,
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What a validation found: the file, how many rows of each sort, and the faults."""

    path: Path
    rows: int
    pairs: int
    counts: Mapping[str, Mapping[str, int]]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    def __str__(self) -> str:
        lines = [f"{self.path.name}: {self.rows} statements, {self.pairs} with ligand and receptor to score"]
        for column, counts in self.counts.items():
            lines.append(f"  {column}: " + ", ".join(f"{word} {number}" for word, number in counts.items()))
        lines += [f"  FAULT {fault}" for fault in self.faults] or ["  no faults"]
        return "\n".join(lines)


def validate(path: Path | str | None = None) -> Report:
    """Check a catalog file whole and count what is in it.

    Parameters
    ----------
    path
        The file; the shipped catalog by default.

    Returns
    -------
    Counts by kind, pain type, compartment, effect and sex, and every fault with its line, row and column. ``str()`` of
    it is what the command line prints. A row that names several compartments or pain types counts for each.

    Raises
    ------
    dolor.errors.DataError
        The file is no such table at all.

    Examples
    --------
    >>> validate().ok
    True
    """
    catalog = read_catalog(path, checked=False)
    scoreable = (catalog[["ligand_human", "receptor_human"]] != "").all(axis=1)
    faults = [*row_faults(catalog), *table_faults(catalog)]
    if not faults:  # an expression that cannot be read has no symbols to look up
        faults += [*_unknown_genes(catalog), *_unknown_cells(catalog), *_unknown_locators(catalog)]
    return Report(
        path=Path(path) if path is not None else signature_path("mediators.tsv"),
        rows=len(catalog),
        pairs=int(scoreable.sum()),
        counts={column: _count(catalog[column]) for column in COUNTED},
        faults=tuple(sorted(faults, key=lambda fault: fault.line)),
    )


def _count(column: pd.Series) -> dict[str, int]:
    """Count the words of a column, most frequent first."""
    split = words if column.name in LISTS else lambda cell: [cell]
    return dict(Counter(word for cell in column for word in split(cell)).most_common())


def _unknown_genes(catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find symbols that the gene table of their species does not list as current."""
    for organism in ("human", "mouse"):
        for column in (f"ligand_{organism}", f"receptor_{organism}"):
            symbols = sorted({gene for text in catalog[column] for gene in genelogic.genes(text)})
            found = resolve(symbols, organism)
            stale = found[found["status"] != "current"]
            candidates = dict(zip(stale["input"].astype(str), stale["candidates"].astype(str), strict=True))
            for line, (row, text) in enumerate(zip(catalog["id"], catalog[column], strict=True), start=2):
                for symbol in genelogic.genes(text):
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
