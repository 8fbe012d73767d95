"""What a file lists beside genes, and genes that it names in its own way: antibodies, prefixes, blanks, joined ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.core.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["FEATURE_KINDS", "NOT_GENES", "UNNAMED", "genes_only", "is_ensembl", "plain_names", "with_plain_names"]

NOT_GENES = "features that are not genes, such as antibodies (no cell is lost)"
UNNAMED = "genes without a name (no cell is lost)"
# What 10x, Seurat and MuData call the kinds of features.
FEATURE_KINDS = frozenset({
    "gene expression", "antibody capture", "crispr guide capture", "multiplexing capture", "custom", "peaks",
    "antigen capture", "vdj", "gex", "rna", "adt", "hto", "prot", "protein", "antibody", "genes",
})  # fmt: skip
_GENE_KINDS = frozenset({"gene expression", "gex", "rna", "genes", "gene"})
_KIND_COLUMNS = ("feature_types", "feature_type", "modality")
_ID_COLUMNS = ("gene_ids", "gene_id", "ensembl_id", "ensembl", "feature_id", "id", "Accession")
_SYMBOL_COLUMNS = ("feature_name", "gene_symbols", "gene_symbol", "gene_name", "gene_names", "symbol", "Gene")
_ENSEMBL = re.compile(r"ENS[A-Z]{0,6}G\d{11}(?:\.\d+)?")
_ID_FIRST = re.compile(r"(ENS[A-Z]{0,6}G\d{11}(?:\.\d+)?)[|_:;/ ]+(\S.*)?")
_ID_LAST = re.compile(r"(\S.*?)[|_:;/ (]+(ENS[A-Z]{0,6}G\d{11}(?:\.\d+)?)\)?")
_GENOME = re.compile(r"(mm\d+|GRCm\d+|mm10-\S+?|hg\d+|GRCh\d+|rn\d+|Rnor\w*?)_+(\S.*)", re.IGNORECASE)
# Names of antibodies and hashtags in tables that do not say what a row is.
_TAG = re.compile(
    r".+[_-](TotalSeq[-_]?\w*|ADT|HTO|CITE)|(adt|hto|cite|prot)[_-].+|HTO[_-]?\d+|Hashtag[_ -]?\d+.*", re.IGNORECASE
)
_BLANK = frozenset({"", "NA", "nan", "NaN", "None", "none", "null", "-", "--", "."})


def is_ensembl(name: str) -> bool:
    """Return whether a name is an Ensembl id of a gene, of any species, with or without its version.

    Examples
    --------
    >>> is_ensembl("ENSMUSG00000024621.7"), is_ensembl("Csf1r")
    (True, False)
    """
    return _ENSEMBL.fullmatch(name) is not None


def plain_names(written: Iterable[str], ids: Sequence[str] | None = None) -> list[str]:
    """Return names without blanks at their ends, ids joined to symbols, and prefixes of a genome.

    Parameters
    ----------
    written
        As the file writes them.
    ids
        Identifiers that stand in for names that are blank.

    Raises
    ------
    dolor.core.errors.DataError
        The prefixes are those of two genomes.

    Examples
    --------
    >>> plain_names(["Tnf ", "ENSMUSG00000024621|Csf1r", "Calca_ENSMUSG00000030669", "mm10___Ccl2", ""], list("abcde"))
    ['Tnf', 'Csf1r', 'Calca', 'Ccl2', 'e']
    """
    names, genomes = [], set()
    for place, each in enumerate(written):
        name = str(each).strip()
        if name in _BLANK and ids is not None:
            name = str(ids[place]).strip()
        if len(name) > 15:
            first, last = _ID_FIRST.fullmatch(name), _ID_LAST.fullmatch(name)
            name = (first[2] or first[1]) if first else last[1] if last else name
        genome = _GENOME.fullmatch(name) if "_" in name else None
        if genome:
            genomes.add(_species(genome[1]))
            name = genome[2]
        names.append("" if name in _BLANK else name)
    if len(genomes) > 1:
        raise DataError(f"gene names carry the prefixes of {len(genomes)} genomes; split the file by species")
    return names


def _species(prefix: str) -> str:
    return "human" if prefix.lower().startswith(("hg", "grch")) else "rat" if prefix[0] in "rR" else "mouse"


def with_plain_names(adata: AnnData, source: str) -> tuple[AnnData, dict[str, int]]:
    """Return an object with plain gene names, without those that are blank, and how many these were.

    Raises
    ------
    dolor.core.errors.DataError
        The names are of two genomes, or none is left.
    """
    written = [str(name) for name in adata.var_names]
    column = next((name for name in _ID_COLUMNS if name in adata.var.columns), None)
    ids = None if column is None else ["" if pd.isna(each) else str(each) for each in adata.var[column]]
    if written and all(name.isdecimal() for name in written):
        # Row numbers in place of names: the names are in a column.
        symbols = next((name for name in _SYMBOL_COLUMNS if name in adata.var.columns), column)
        written = written if symbols is None else [str(each) for each in adata.var[symbols]]
    try:
        names = np.array(plain_names(written, ids), dtype=object)
    except DataError as error:
        raise DataError(f"{source}: {error}") from None
    named = names != ""
    if named.all() and (names == np.array(adata.var_names.astype(str), dtype=object)).all():
        return adata, {}
    if not named.any():
        raise DataError(f"{source}: none of its {len(names)} genes has a name")
    result = adata[:, named].copy() if not named.all() else adata.copy()
    result.var["name_in_file"] = np.array(adata.var_names.astype(str), dtype=object)[named]
    result.var_names = pd.Index(names[named], dtype=object)
    unnamed = int((~named).sum())
    return result, ({UNNAMED: unnamed} if unnamed else {})


def genes_only(adata: AnnData) -> tuple[AnnData, dict[str, int]]:
    """Return an object without features that are not genes, and how many these were, where file or names say so."""
    for column in _KIND_COLUMNS:
        if column in adata.var.columns:
            genes = adata.var[column].astype(str).str.strip().str.lower().isin(_GENE_KINDS).to_numpy()
            if genes.any() and not genes.all():
                return adata[:, genes].copy(), {NOT_GENES: int((~genes).sum())}
    tags = np.array([_TAG.fullmatch(str(name)) is not None for name in adata.var_names], dtype=bool)
    if tags.any() and tags.mean() < 0.5:
        return adata[:, ~tags].copy(), {NOT_GENES: int(tags.sum())}
    return adata, {}
