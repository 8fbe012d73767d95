"""Gene names of a matrix: ids become symbols, each symbol stands once, and the species is checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError
from dolor.knowledge.genes import detect_organism, resolve

if TYPE_CHECKING:
    from anndata import AnnData

# Probes of imaging panels that match no gene; their counts are noise, and no part of a library.
_CONTROLS = re.compile(r"(NegControl(Probe|Codeword)|(Unassigned|Deprecated)Codeword|BLANK|Blank|antisense)[_-]")
Duplicates = Literal["sum", "refuse"]
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
            f"{source}: {len(repeated)} gene(s) stand more than once ({', '.join(map(repr, repeated[:3]))}); "
            "sum them with duplicates='sum' or make the names unique"
        )
    else:
        return _summed(adata, renamed, written)
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
    var["name_in_file"] = pd.Series(written).groupby(codes).agg(";".join).to_numpy()
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
    return sparse.csr_matrix(values @ adder.astype(values.dtype))


def joined(parts: Mapping[str, AnnData], reported: Counter[str] | None = None) -> AnnData:
    """Join samples; barcodes begin with the name of theirs, genes that a sample lacks count 0 there.

    Parameters
    ----------
    parts
        Objects by the name of the sample; genes may repeat within one only if all share the same genes in one order.
    reported
        Where to count the genes that are not in every sample.
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
    for name, part in named.items():
        if not part.var_names.is_unique:
            raise DataError(f"{name}: gene names repeat, and its genes are not those of the other samples")
    common = set.intersection(*(set(part.var_names) for part in named.values()))
    every = set().union(*(part.var_names for part in named.values()))
    if reported is not None:
        reported["genes that some files lack, counted 0 there (no cell is lost)"] = len(every) - len(common)
    return anndata.concat(list(named.values()), join="outer", merge="first", fill_value=0)
