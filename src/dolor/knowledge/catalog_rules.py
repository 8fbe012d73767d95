"""What a row of the mediator catalog must satisfy by itself, and what rows must satisfy together.

Nothing here reads a file: the rules take the table and give back the faults that they find. Whether genes, populations
and sentences exist is asked in :mod:`dolor.knowledge.catalog_rules`.

Read a mediator catalog from its file.

Validate a mediator catalog: its rules, and that every gene, population and sentence that it names exists.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.knowledge import gene_logic
from dolor.knowledge.genes import resolve
from dolor.knowledge.populations import tree
from dolor.knowledge.vocabulary import COLUMNS, LISTS, NOT_STATED, VOCABULARY, nearest, words

__all__ = [
    "SENTENCES",
    "Fault",
    "Report",
    "check",
    "looks_like_messenger",
    "looks_like_receptor",
    "pair_faults",
    "read_catalog",
    "row_faults",
    "table_faults",
    "validate",
]

_REQUIRED = ("id", "mediator", "source_cell", "target_cell", "statement", "locator")
_IDENTITY = (
    "kind", "mediator", "ligand_human", "receptor_human", "source_cell", "target_cell", "compartment", "pain_type",
    "context", "effect", "sex", "species", "locator",
)  # fmt: skip
_RECEPTOR_FAMILIES = re.compile(
    r"(ACKR|AXL|CCR|CSF\dR|CX?3?CR|ESR|FC[GE]R|GUCY1|HTR\d|ICOS$|IFN[AGL]R|IL\d+(R(?!N)|ST)|IL1RAP|MERTK|NGFR|NTRK|"
    r"OPR[DKLM]|P2R|PTG[DEFI]R|TLR\d|TNFRSF|TREM\d|TRP[AMV]\d|TYRO3)"
)
# What is released to act elsewhere, or makes what is released. Adhesion molecules stand on either side of a pair, so
# they are in neither list.
_MESSENGER_FAMILIES = re.compile(
    r"(BDNF$|CCL\d|CX3?CL\d|XCL\d|CNTF$|CRP$|CSF\d$|CYB[AB]$|EBI3$|FGF\d|GAS6$|GCH1$|GDNF$|ICOSLG$|"
    r"IFN[ABGKLW]\d*$|IGH[EG]|IL\d+[A-F]?$|LIF$|NGF$|NOS\d$|NTF\d$|OSM$|PDYN$|PENK$|POMC$|PTG[DE]S\d?$|PTGS\d$|"
    r"SLC18A2$|TGFB\d$|THBS\d$|TNF$|TNFSF\d|TPH\d$)"
)


@dataclass(frozen=True)
class Fault:
    """Something wrong with one cell of a catalog: the row's line in its file and its id, the column, what and why."""

    line: int
    row: str
    column: str
    message: str

    def __str__(self) -> str:
        name = f" ({self.row})" if self.row else ""
        return f"line {self.line}{name}, column {self.column}: {self.message}"


def check(catalog: pd.DataFrame, where: str) -> None:
    """Refuse a catalog that breaks a rule.

    Parameters
    ----------
    catalog
        The table, with the columns of :data:`dolor.knowledge.vocabulary.COLUMNS`, all text.
    where
        The file it came from, for the message.

    Raises
    ------
    dolor.core.errors.DataError
        Naming line, row, column and reason of the first fault, and how many more there are.
    """
    found = [*row_faults(catalog), *table_faults(catalog)]
    if found:
        others = f" (faults beside this one: {len(found) - 1})" if len(found) > 1 else ""
        raise DataError(f"{where}: {found[0]}{others}")


def row_faults(catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find what is wrong with single rows: missing cells, unknown words, gene expressions, roles."""
    for line, row in _rows(catalog):
        for column, message in (*_missing(row), *_unknown_words(row), *_bad_genes(row)):
            yield Fault(line, row["id"], column, message)


def table_faults(catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find what is wrong between rows: ids or statements that stand twice, pairs that stand both ways round."""
    seen_ids: dict[str, int] = {}
    seen_statements: dict[tuple[str, ...], int] = {}
    for line, row in _rows(catalog):
        if row["id"] in seen_ids:
            yield Fault(line, row["id"], "id", f"the id stands already in line {seen_ids[row['id']]}")
        seen_ids.setdefault(row["id"], line)
        identity = tuple(row[column] for column in _IDENTITY)
        if identity in seen_statements:
            message = f"a duplicate of line {seen_statements[identity]}: every column that tells rows apart is equal"
            yield Fault(line, row["id"], "statement", message)
        seen_statements.setdefault(identity, line)
    for organism in ("human", "mouse"):
        yield from _both_ways(catalog, f"ligand_{organism}", f"receptor_{organism}")


def pair_faults(ligand: str, receptor: str) -> Iterator[tuple[str, str]]:
    """Find what is wrong with one ligand and receptor: ("ligand" or "receptor", message)."""
    parsed: dict[str, tuple[str, ...]] = {}
    for side, text in (("ligand", ligand), ("receptor", receptor)):
        try:
            parsed[side] = gene_logic.genes(text)
        except DataError as error:
            yield side, str(error)
    if len(parsed) < 2 or not parsed["ligand"] or not parsed["receptor"]:
        return
    if gene_logic.canonical(ligand) == gene_logic.canonical(receptor):
        yield "receptor", f"'{receptor}' is paired with itself"
    elif any(map(looks_like_receptor, parsed["ligand"])) and any(map(looks_like_messenger, parsed["receptor"])):
        yield "ligand", f"'{ligand}' is a receptor and '{receptor}' a messenger: ligand and receptor look swapped"


def looks_like_receptor(symbol: str) -> bool:
    """Say whether a symbol belongs to a family of receptors that act in the catalog.

    Examples
    --------
    >>> looks_like_receptor("Ntrk1"), looks_like_receptor("Ngf")
    (True, False)
    """
    return bool(_RECEPTOR_FAMILIES.match(symbol.upper()))


def looks_like_messenger(symbol: str) -> bool:
    """Say whether a symbol belongs to a family of messengers, which act on receptors and are none.

    Examples
    --------
    >>> looks_like_messenger("Cxcl1"), looks_like_messenger("Itgav"), looks_like_messenger("Il6ra")
    (True, False, False)
    """
    return bool(_MESSENGER_FAMILIES.match(symbol.upper()))


def _rows(catalog: pd.DataFrame) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each row with its line in the file; the header is line 1."""
    for line, record in enumerate(catalog.to_dict("records"), start=2):
        yield line, {str(column): str(cell) for column, cell in record.items()}


def _missing(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find cells that must not be empty, or must be, given the rest of the row."""
    for column in _REQUIRED:
        if not row[column].strip():
            yield column, "must not be empty"
    ligand, receptor = row["ligand_human"], row["receptor_human"]
    for side in ("ligand", "receptor"):
        if bool(row[f"{side}_human"]) != bool(row[f"{side}_mouse"]):
            empty = f"{side}_mouse" if row[f"{side}_human"] else f"{side}_human"
            yield empty, "empty although the other species has genes"
    if row["kind"] == "ligand_receptor" and not (ligand and receptor):
        yield "kind", "ligand_receptor needs genes for both; otherwise the row is receptor_only or pathway"
    if row["kind"] == "receptor_only" and (ligand or not receptor):
        yield "kind", "receptor_only needs a receptor gene and no ligand gene"
    if row["kind"] == "cell_only" and (ligand or receptor):
        yield "kind", "cell_only names no gene"
    if bool(row["receptor_source"]) != bool(receptor):
        yield "receptor_source", "says where the receptor genes are from: given exactly where there are such genes"
    if row["ligand_proxy"] and not ligand:
        yield "ligand_proxy", "given although there is no ligand gene"


def _unknown_words(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find words that their column does not know."""
    for column, known in VOCABULARY.items():
        for word in words(row[column]) if column in LISTS else [row[column]]:
            if word not in known:
                yield column, f"unknown word '{word}'; {nearest(word, known)}"
        if column in LISTS and not row[column].strip():
            yield column, "must not be empty; write not_stated"


def _bad_genes(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Find faults of the gene expressions, species by species."""
    for organism in ("human", "mouse"):
        for side, message in pair_faults(row[f"ligand_{organism}"], row[f"receptor_{organism}"]):
            yield f"{side}_{organism}", message


def _both_ways(catalog: pd.DataFrame, ligand: str, receptor: str) -> Iterator[Fault]:
    """Find pairs that other rows hold with the roles exchanged."""
    lines: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for line, row in _rows(catalog):
        if row[ligand] and row[receptor]:
            lines[row[ligand], row[receptor]].append((line, row["id"]))
    for (first, second), places in lines.items():
        if first != second and (second, first) in lines:
            other = lines[second, first][0][0]
            for line, name in places:
                yield Fault(line, name, ligand, f"ligand and receptor are swapped against line {other}: '{first}'")


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
    dolor.core.errors.DataError
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
    dolor.core.errors.DataError
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
