"""What a row of the mediator catalog must satisfy by itself, and what rows must satisfy together.

The rules take the table and return the faults that they find; a file is read whole or refused. Whether genes,
populations and sentences exist is checked in :mod:`dolor.knowledge.catalog_check`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dolor.core.errors import DataError
from dolor.core.package_files import signature_path
from dolor.knowledge import gene_logic
from dolor.knowledge.vocabulary import COLUMNS, LISTS, VOCABULARY, nearest, words

__all__ = [
    "Fault",
    "check",
    "looks_like_messenger",
    "looks_like_receptor",
    "pair_faults",
    "read_catalog",
    "refuse",
    "row_faults",
    "table_faults",
]

_REQUIRED = ("id", "mediator", "source_cell", "target_cell", "statement", "locator")
_IDENTITY = (
    "kind", "mediator", "ligand_human", "receptor_human", "source_cell", "target_cell", "compartment", "pain_type",
    "context", "effect", "sex", "species", "locator",
)  # fmt: skip
_RECEPTOR_FAMILIES = re.compile(
    r"(ACKR|ADCYAP1R|ADORA|AGER$|AGTR|AXL|BDKRB|C[35]AR|CALCRL|CCR|CNR\d|CRLF2|CSF\dR|CX?3?CR|CYSLTR|EDNR|EGFR|EPHB|"
    r"ERBB|ESR|F2R|FC[GE]R|FLT\d|FPR\d|GFRA|GPR37|GUCY1|HRH\d|HTR\d|ICOS$|IFN[AGL]R|IGF1R|IL\d+(R(?!N)|ST)|IL1RAP|ITGAM$|"
    r"KLRK1|LPAR|LTB4R|MERTK|MRGPR|NGFR|NTRK|OPR[DKLM]|OSMR|P2R|PDCD1$|PTAFR|PTG[DEFI]R|RAMP\d|ROR2|RYK|S1PR|SLC22A17|"
    r"TACR|TGFBR|TLR\d|TNFRSF|TREM\d|TRP[AMV]\d|TYRO3|VIPR)"
)
# What is released to act elsewhere, or makes what is released. Adhesion molecules stand on either side of a pair, so
# they are in neither list.
_MESSENGER_FAMILIES = re.compile(
    r"(A2M$|ACP3$|ADCYAP1$|AGT$|ALOX\d+$|ANXA1$|ARTN$|BDNF$|C[35]$|HC$|CALCA$|CCL\d|CD274$|CX3?CL\d|XCL\d|CNTF$|CRP$|"
    r"CSF\d$|CTSS$|CYB[AB]$|DAGL[AB]$|EBI3$|EDN\d$|EFNB\d$|EGF$|ELANE$|ENPP2$|EREG$|F2$|FGF\d|GAS6$|GCH1$|GDNF$|HBEGF$|"
    r"HDC$|HMGB1$|HPGDS$|ICOSLG$|IFN[ABGKLW]\d*$|IGF1$|IGH[EG]|IL\d+[A-F]?$|KNG\d$|LCN2$|LIF$|LPCAT2$|LTA4H$|LTC4S$|NGF$|"
    r"NOS\d$|NRG1$|NRTN$|NT5E$|NTF\d$|OSM$|PDYN$|PENK$|PGF$|POMC$|PROS1$|PTG[DEI]S\d?$|PTGS\d$|RAET1|S100A\d$|SLC17A9$|"
    r"SLC18A2$|SPHK\d$|TAC1$|TAFA4$|TGFA$|TGFB\d$|THBS\d$|TNF$|TNFSF\d|TPH\d$|TPSAB1$|TPSB2$|TSLP$|ULBP\d|VEGF[AB]$|"
    r"VGF$|VIP$|WNT\d)"
)


@dataclass(frozen=True)
class Fault:
    """Something wrong with one cell of a table: the row's line in its file and its id, the column, what and why.

    ``file`` names the table where it is not the catalog itself.
    """

    line: int
    row: str
    column: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        name = f" ({self.row})" if self.row else ""
        file = f"{self.file}: " if self.file else ""
        return f"{file}line {self.line}{name}, column {self.column}: {self.message}"


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
    refuse([*row_faults(catalog), *table_faults(catalog)], where)


def refuse(found: Sequence[Fault], where: str) -> None:
    """Raise the first of some faults as an error, and say how many more there are."""
    if found:
        others = f" (faults beside this one: {len(found) - 1})" if len(found) > 1 else ""
        raise DataError(f"{where}: {found[0]}{others}")


def row_faults(catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find what is wrong with single rows: missing cells, unknown words, gene expressions, roles."""
    for line, row in _rows(catalog):
        for column, message in (*_missing(row), *_unknown_words(row), *_bad_genes(row)):
            yield Fault(line, row["id"], column, message)


def table_faults(catalog: pd.DataFrame) -> Iterator[Fault]:
    """Find what is wrong between rows: ids or duplicated statements, pairs given in both directions."""
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
    elif _only(parsed["ligand"], looks_like_receptor, looks_like_messenger) and _only(
        parsed["receptor"], looks_like_messenger, looks_like_receptor
    ):
        yield "ligand", f"'{ligand}' is a receptor and '{receptor}' a messenger: ligand and receptor look swapped"


def _only(genes: Sequence[str], wanted: Callable[[str], bool], other: Callable[[str], bool]) -> bool:
    """Say whether a side has genes of one role and none of the other; some complexes hold both."""
    return any(map(wanted, genes)) and not any(map(other, genes))


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
