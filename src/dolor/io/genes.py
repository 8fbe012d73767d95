"""Gene names of a matrix: ids become symbols, each symbol stands once, and the species is checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError
from dolor.io.gene_names import genes_only, with_plain_names
from dolor.knowledge.genes import detect_organism, resolve

if TYPE_CHECKING:
    from anndata import AnnData

# Probes of imaging panels that match no gene; their counts are noise, and no part of a library.
_CONTROLS = re.compile(r"(NegControl(Probe|Codeword)|(Unassigned|Deprecated)Codeword|BLANK|Blank|antisense)[_-]")
Duplicates = Literal["sum", "refuse"]
# Names that genes of the rat have and those of mouse and human do not.
_RAT = re.compile(r"RT1-|RGD\d{5,}|AABR\d{6,}|ENSRNOG\d|LOC\d{9}$")
_FEWEST_OF_RAT = 4
# With fewer telling names than this a species is not called against what was declared.
_FEWEST_TELLING = 5


def checked_organism(names: pd.Index, declared: str | None, source: str) -> str | None:
    """Tell the species from gene names and hold it against what was declared.

    Returns
    -------
    ``mouse`` or ``human``; what was declared where the names do not tell.

    Raises
    ------
    dolor.core.errors.DataError
        The names are those of the other species.
    """
    of_rat = [name for name in map(str, names) if _RAT.match(name)]
    if len(of_rat) >= _FEWEST_OF_RAT and declared in (None, "mouse"):
        raise DataError(
            f"{source}: its genes are named as in rat (such as {', '.join(map(repr, of_rat[:3]))}), which is neither "
            "mouse nor human; bring them to mouse symbols by orthologs first"
        )
    found, share = detect_organism(map(str, names))
    if found is None or share * len(names) < _FEWEST_TELLING:
        return declared
    if declared is not None and declared != found:
        raise DataError(
            f"{source}: is said to be of {declared}, but {share:.0%} of its genes are named as in {found} "
            f"(such as {', '.join(map(repr, map(str, names[:3])))}); correct the organism"
        )
    return found


def without_controls(adata: AnnData) -> tuple[AnnData, int]:
    """Leave out the control probes of an imaging panel.

    Returns
    -------
    adata
        The same object where there are none.
    number
        How many there were.
    """
    control = np.array([_CONTROLS.match(str(name)) is not None for name in adata.var_names], dtype=bool)
    return (adata[:, ~control].copy(), int(control.sum())) if control.any() else (adata, 0)


def with_symbols(adata: AnnData, organism: str, *, duplicates: Duplicates = "sum", source: str = "the data") -> AnnData:
    """Bring gene names to today's symbols, once each.

    Ensembl ids (with or without version) become symbols. A former symbol becomes today's, unless today's stands in
    the matrix as well, when it is another gene there. What has no single meaning stays as it is written.

    Parameters
    ----------
    adata
        Cells × genes; every matrix in it goes along.
    organism
        ``mouse`` or ``human``.
    duplicates
        ``sum`` the counts of rows with one name, or ``refuse`` them.
    source
        Name of the file, for the message.

    Returns
    -------
    The same object where nothing had to change, else a new one; ``var["name_in_file"]`` keeps what the file wrote.

    Raises
    ------
    dolor.core.errors.DataError
        Names repeat and were to be refused.
    """
    written = pd.Index(adata.var_names.astype(str), dtype=object)
    found = resolve(written, organism)
    names = written.to_numpy().copy()
    known = set(written)
    today, status = found["symbol"].to_numpy(), found["status"].to_numpy()
    change = (status == "ensembl") | ((status == "alias") & ~np.isin(today, list(known)))
    names[change] = today[change]
    renamed = pd.Index(names, dtype=object)
    if renamed.is_unique:
        if not change.any():
            return adata
        adata = adata.copy()
    elif duplicates == "refuse":
        repeated = renamed[renamed.duplicated()].unique()
        raise DataError(
            f"{source}: {len(repeated)} gene(s) are duplicated ({', '.join(map(repr, repeated[:3]))}); "
            "sum them with duplicates='sum' or make the names unique"
        )
    else:
        return _summed(adata, renamed, written)
    if "name_in_file" not in adata.var.columns:
        adata.var["name_in_file"] = written.to_numpy()
    adata.var_names = renamed
    return adata


def _summed(adata: AnnData, names: pd.Index, written: pd.Index) -> AnnData:
    """Add up the columns of one name, in every matrix of the object."""
    import anndata

    codes, unique = pd.factorize(names)
    adder = sparse.csr_matrix((np.ones(len(codes), np.int32), (np.arange(len(codes)), codes)))
    first = np.unique(codes, return_index=True)[1]
    var = adata.var.iloc[first].copy()
    in_file = pd.Series(adata.var["name_in_file"].astype(str).to_numpy() if "name_in_file" in adata.var else written)
    var["name_in_file"] = in_file.groupby(codes).agg(";".join).to_numpy()
    var.index = pd.Index(unique, dtype=object)
    return anndata.AnnData(
        X=None if adata.X is None else _added(adata.X, adder),
        # From anndata 0.13 on, X is a layer too, without a name.
        layers={name: _added(matrix, adder) for name, matrix in adata.layers.items() if name is not None},
        obs=adata.obs.copy(),
        var=var,
        uns=dict(adata.uns),
    )


def _added(matrix: Any, adder: sparse.csr_matrix) -> sparse.csr_matrix:
    values = sparse.csr_matrix(matrix)
    # In 64 bits, since counts may be stored in as few as 8.
    wide = np.int64 if values.dtype.kind in "iub" else np.float64
    return sparse.csr_matrix(values.astype(wide) @ adder.astype(wide))


def joined(parts: Mapping[str, AnnData], reported: Counter[str] | None = None) -> AnnData:
    """Join samples; barcodes begin with the name of theirs.

    Where the samples name different genes, former symbols and ids become today's symbols in each before they are
    joined. A gene that a sample does not list counts 0 there if that sample lists only genes with counts; else it was
    not measured in that sample, and is left out of all.

    Parameters
    ----------
    parts
        Objects by the name of the sample; genes may repeat within one only if all share the same genes in one order.
    reported
        Where to count the genes that are not in every sample; default: ``uns["dropped"]`` of the result.
    """
    import anndata

    named = {}
    for name, part in parts.items():
        obs = part.obs.copy()
        obs.index = pd.Index([f"{name}_{barcode}" for barcode in part.obs_names], dtype=object)
        named[name] = anndata.AnnData(X=part.layers.get("counts", part.X), obs=obs, var=part.var.copy())
    first = next(iter(named.values()))
    if all(part.var_names.equals(first.var_names) for part in named.values()):
        values = sparse.vstack([sparse.csr_matrix(part.X) for part in named.values()], format="csr")
        obs = pd.concat([part.obs for part in named.values()])
        return anndata.AnnData(X=values, obs=obs, var=first.var.copy())
    named = {name: _current(part, name) for name, part in named.items()}
    unmeasured, filled = _not_in_every(named.values())
    kept = [part[:, ~part.var_names.isin(unmeasured)] for part in named.values()]
    result = anndata.concat(kept, join="outer", merge="first", fill_value=0)
    said: Counter[str] = Counter() if reported is None else reported
    if unmeasured:
        said[f"genes that some files lack, such as {_storable(unmeasured)!r} (no cell is lost)"] = len(unmeasured)
    if filled:
        said[f"genes that some files lack, counted 0 there, such as {_storable(filled)!r} (no cell is lost)"] = len(
            filled
        )
    if reported is None and said:
        result.uns["dropped"] = dict(said)
    return result


def _storable(genes: set[str]) -> str:
    """Return the first gene in a form that may be part of a key in a file."""
    return sorted(genes)[0].replace("/", " ")


def _current(part: AnnData, name: str) -> AnnData:
    """Return a sample with today's symbols, once each."""
    part, _ = genes_only(part)
    part, _ = with_plain_names(part, name)
    organism = checked_organism(part.var_names, None, name)
    if organism is not None:
        return with_symbols(part, organism, source=name)
    return part if part.var_names.is_unique else _summed(part, part.var_names, part.var_names)


def _not_in_every(parts: Iterable[AnnData]) -> tuple[set[str], set[str]]:
    """Return the genes that a sample has not measured, and those that others lack since they had no counts of them."""
    parts = list(parts)
    every = set().union(*(part.var_names for part in parts))
    lacking: set[str] = set()
    unmeasured: set[str] = set()
    for part in parts:
        without = every - set(part.var_names)
        lacking |= without
        lists_silent_genes = bool((np.asarray(abs(sparse.csr_matrix(part.X)).sum(axis=0)).ravel() == 0).any())
        if lists_silent_genes:
            unmeasured |= without
    return unmeasured, lacking - unmeasured
