"""The one door in: a file or an object becomes checked Cells.

Reading an h5ad file as the door in does, with the matrix left in the file: for cells that exceed the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.contracts import SAMPLE_FIELDS, check_cells, check_counts
from dolor.core.errors import DataError
from dolor.core.normalize import log_values
from dolor.core.vocabulary import organism_word, sex_word
from dolor.io.counts import MORE_IN_RAW, at_raw, raw_counts, rounded, rounding, tidied
from dolor.io.detect import load
from dolor.io.formats.content import is_packed, kind_of
from dolor.io.formats.hdf5 import is_loom, is_tenx
from dolor.io.gene_names import genes_only, with_plain_names
from dolor.io.genes import Duplicates, checked_organism, with_symbols, without_controls
from dolor.io.guards import refuse_hostile
from dolor.io.h5ad import repeated_names
from dolor.io.matrix.cell_rows import CellRows
from dolor.io.metadata import joined_to, read_metadata
from dolor.io.obs_columns import storable
from dolor.io.stored_cells import RAW, open_cells, read_raw_var

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = [
    "CONTROLS",
    "complete_fields",
    "expression",
    "is_h5ad",
    "read",
    "read_stored",
    "settled",
    "with_metadata",
]

CONTROLS = "control probes of the panel (no cell is lost)"
_DEFAULTS = {"sex": "unknown", "suspension_type": "na", "assay": "unknown", "tissue": "unknown"}
# Cells whose values are computed at a time.
_BLOCK = 16_384


@repeated_names()
def read(
    source: Path | str | AnnData,
    *,
    organism: str | None = None,
    fields: Mapping[str, str] | None = None,
    layer: str = "",
    name: str = "",
    metadata: Path | str | None = None,
    key: str = "",
    duplicates: Duplicates = "sum",
) -> AnnData:
    """Read cells and check them.

    Parameters
    ----------
    source
        A file or folder of any format that :func:`dolor.io.detect.load` reads (10x, h5ad, loom, zarr, mtx, text, RDS,
        archives), or an AnnData in memory (which is not changed).
    organism
        ``mouse`` or ``human``, when ``obs["organism"]`` does not say it; by default told from the gene names, and
        held against them in any case.
    fields
        Where ``obs`` keeps a field of the sample under another name, such as ``{"donor_id": "animal"}``. A name that
        is no column is taken as the value itself, such as ``{"tissue": "=dorsal root ganglion"}`` when it begins
        with ``=``.
    layer
        The layer with the raw counts, or ``raw`` for ``adata.raw``; empty: ``counts`` if there is one, else ``X``, else
        ``adata.raw`` if ``X`` holds no counts.
    name
        What messages call an object in memory.
    metadata
        A table that describes the cells; see :func:`dolor.io.metadata.read_metadata`.
    key
        Its column with the barcodes; empty: the first.
    duplicates
        ``sum`` the counts of genes that have one name, or ``refuse`` them.

    Returns
    -------
    Cells × genes: raw counts in ``layers["counts"]`` (CSR, integers), log-normalised values in ``X``, the fields of
    the sample in ``obs``; further columns of ``obs`` are kept. Fields that nobody gave are ``unknown`` where
    that can be told apart from a value; a missing condition is an error. ``uns["dropped"]`` says how many cells the
    metadata left out and how many control probes there were.

    Raises
    ------
    dolor.core.errors.DataError
        The file cannot be read, the matrix holds no raw counts, names repeat, or a field is missing.

    Examples
    --------
    >>> import dolor as dl
    >>> study = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> adata = dl.read(study.cells)
    >>> adata.layers["counts"].dtype.kind
    'i'
    """
    import anndata

    name = name or (str(source) if isinstance(source, (str, Path)) else "the data")
    found = at_raw(load(source) if isinstance(source, (str, Path)) else source, layer, name)
    if metadata is not None:
        found = with_metadata(found, read_metadata(metadata, key), str(metadata))
    found, obs, uns = settled(found, found.obs, organism, fields or {}, duplicates, name)
    counts = raw_counts(found, layer, name)
    cells = anndata.AnnData(obs=obs, var=storable(found.var), layers={"counts": counts}, uns=uns)
    check_cells(cells, source=name)
    cells.X = log_values(sparse.csr_matrix(cells.layers["counts"]))
    return cells


def settled(
    found: AnnData,
    obs: pd.DataFrame,
    organism: str | None,
    fields: Mapping[str, str],
    duplicates: Duplicates,
    name: str,
) -> tuple[AnnData, pd.DataFrame, dict[str, Any]]:
    """Bring fields and genes to the form of Cells.

    Parameters
    ----------
    found
        What a file holds; its matrices follow the genes.
    obs
        Its table of cells.
    organism, fields, duplicates, name
        As in :func:`read`.

    Returns
    -------
    The object with its genes settled, the table of cells, and what is told of both.
    """
    obs = _with_fields(obs, fields, name)
    if organism is not None:
        obs["organism"] = organism
    obs = storable(complete_fields(obs, name))
    found, controls = without_controls(found)
    found, no_genes = genes_only(found)
    found, unnamed = with_plain_names(found, name)
    dropped = {**found.uns.get("dropped", {}), **({CONTROLS: controls} if controls else {}), **no_genes, **unnamed}
    uns = {
        **({"simulated": True} if bool(found.uns.get("simulated", False)) else {}),
        **({"dropped": dropped} if dropped else {}),
    }
    return *_with_genes(found, obs, duplicates, name), uns


def with_metadata(found: AnnData, table: pd.DataFrame, source: str) -> AnnData:
    """Keep the cells that a table describes, with its columns in ``obs``; how many it left out stands in ``uns``."""
    obs, dropped = joined_to(found.obs, table, source)
    kept = found[found.obs_names.isin(obs.index)].copy() if len(obs) < found.n_obs else found.copy()
    kept.obs = obs
    kept.uns["dropped"] = dropped
    return kept


def _with_genes(found: AnnData, obs: pd.DataFrame, duplicates: Duplicates, source: str) -> tuple[AnnData, pd.DataFrame]:
    """Check the species against the gene names and bring these to symbols, once each."""
    declared = set(obs["organism"].astype(str)) if "organism" in obs.columns else set()
    if len(declared) > 1:
        raise DataError(f"{source}: holds cells of {' and '.join(sorted(declared))}; split it, one file a species")
    organism = checked_organism(found.var_names, next(iter(declared), None), source)
    if organism is None:
        return found, obs
    if not declared:
        obs["organism"] = pd.Categorical([organism] * len(obs))
    return with_symbols(found, organism, duplicates=duplicates, source=source), obs


def complete_fields(obs: pd.DataFrame, source: str) -> pd.DataFrame:
    """Fill the fields that may be unknown, derive the dataset and donor where they are implied, settle spellings."""
    obs = obs.copy()
    if "sex" not in obs.columns and "sex_ontology_term_id" in obs.columns:
        obs["sex"] = obs["sex_ontology_term_id"]
    for field, value in _DEFAULTS.items():
        if field not in obs.columns:
            obs[field] = value
    if "dataset_id" not in obs.columns:
        obs["dataset_id"] = Path(source).stem if source != "the data" else "data"
    if "donor_id" not in obs.columns and "sample_id" in obs.columns:
        obs["donor_id"] = obs["sample_id"]
    try:
        for field, word in (("sex", sex_word), ("organism", organism_word)):
            if field in obs.columns:
                values = obs[field].astype(object).where(obs[field].notna(), "")
                obs[field] = values.map({value: word(value) for value in values.unique()})
    except DataError as error:
        raise DataError(f"{source}: {error}") from None
    for name, column in obs.items():
        # Numbers among words have no order and no form in a file; as words they have both.
        if pd.api.types.infer_dtype(column, skipna=True).startswith("mixed"):
            obs[name] = column.astype(object).where(column.isna(), column.astype(str))
    for field in SAMPLE_FIELDS:
        if field in obs.columns:
            obs[field] = _spelled_once(obs[field], field, source).astype("category")
    return obs


def _spelled_once(values: pd.Series, field: str, source: str) -> pd.Series:
    """Return values without blanks at their ends; refuse one word that is written in small and in large letters."""
    words = {value: value.strip() for value in values.dropna().unique() if isinstance(value, str)}
    if field == "condition":
        folded: dict[str, str] = {}
        for word in words.values():
            other = folded.setdefault(word.casefold(), word)
            if other != word:
                raise DataError(
                    f"{source}: the condition is written in two ways, {other!r} and {word!r}; write it in one"
                )
    if all(value == word for value, word in words.items()):
        return values
    return values.astype(object).map(lambda value: words.get(value, value))


def expression(counts: CellRows) -> CellRows:
    """Return log-normalised expression, made from counts a block of cells at a time whenever it is read."""
    return counts.changed(lambda block, cells: log_values(block), counts.shape[1])


def _with_fields(obs: pd.DataFrame, fields: Mapping[str, str], source: str) -> pd.DataFrame:
    obs = obs.copy()
    for field, where in fields.items():
        if field not in SAMPLE_FIELDS:
            raise DataError(f"{source}: '{field}' is no field of a sample; there are {', '.join(SAMPLE_FIELDS)}")
        if where.startswith("="):
            obs[field] = where[1:]
        elif where in obs.columns:
            obs[field] = obs[where]
        else:
            raise DataError(f"{source}: obs has no column '{where}' to take {field} from")
    return obs


def is_h5ad(path: Path) -> bool:
    """Tell whether a path is an h5ad file that can be read where it lies: no folder, not packed, no other format."""
    if not path.is_file() or path.stat().st_size == 0 or is_packed(path) or kind_of(path) != "hdf5":
        return False
    try:
        with h5py.File(path, "r") as stored:
            refuse_hostile(stored, path)
            # Tables of anndata 0.6 are read with the file as a whole.
            return isinstance(stored.get("obs"), h5py.Group) and not is_tenx(stored) and not is_loom(stored)
    # What is hostile is refused by the reader, with its reason.
    except (OSError, DataError):
        return False


@repeated_names()
def read_stored(
    source: Path | str,
    *,
    organism: str | None = None,
    fields: Mapping[str, str] | None = None,
    layer: str = "",
    metadata: Path | str | None = None,
    key: str = "",
    duplicates: Duplicates = "sum",
) -> tuple[AnnData, CellRows]:
    """Read cells of an h5ad file and check them, as :func:`dolor.io.read.read` does, without holding a matrix.

    Memory holds the tables of cells and genes, and a block of cells at a time while counts are read.

    Parameters
    ----------
    source
        An h5ad file (:func:`is_h5ad`).
    organism, fields, layer, metadata, key, duplicates
        As in :func:`dolor.io.read.read`.

    Returns
    -------
    cells
        Cells without matrices.
    counts
        Their raw counts, brought to the form of :func:`dolor.io.counts.raw_counts` whenever they are read.

    Raises
    ------
    dolor.core.errors.DataError
        As in :func:`dolor.io.read.read`.
    """
    import anndata

    name = str(source)
    found, layers = open_cells(source)
    where = _where_counts_are(layers, layer, name)
    counts = layers[where]
    var = read_raw_var(source) if where == RAW else found.var
    if where == RAW and len(var) > found.n_vars:
        found.uns["dropped"] = {**found.uns.get("dropped", {}), MORE_IN_RAW: len(var) - found.n_vars}
    if metadata is not None:
        described = with_metadata(found, read_metadata(metadata, key), str(metadata))
        counts, found = counts.of(np.asarray(found.obs_names.isin(described.obs_names))), described
    # Genes are renamed, summed and left out in a matrix that has each of them once: what that becomes is what is to be
    # done to every block of cells.
    each = anndata.AnnData(
        X=sparse.identity(len(var), dtype=np.int32, format="csr"),
        obs=pd.DataFrame(index=pd.RangeIndex(len(var)).astype(str)),
        var=var,
        uns=dict(found.uns),
    )
    genes, obs, uns = settled(each, found.obs, organism, fields or {}, duplicates, name)
    cells = anndata.AnnData(obs=obs, var=storable(genes.var), uns=uns)
    told = where if where == "X" else "X" if where == RAW else f"layer {where!r}"
    counts = _as_counts(counts, sparse.csr_matrix(genes.X), f"{name} ({told})")
    check_cells(cells, source=name, counts=counts)
    return cells, counts


def _where_counts_are(layers: Mapping[str, CellRows], layer: str, source: str) -> str:
    """Say which matrix holds the raw counts, as :func:`dolor.io.counts.at_raw` and ``raw_counts`` do."""
    if layer == "raw" and "raw" not in layers:
        if RAW not in layers:
            raise DataError(f"{source}: has no 'raw'; name the layer that holds the raw counts")
        return RAW
    if layer and layer not in layers:
        there = ", ".join(name for name in layers if name not in ("X", RAW)) or "none"
        raise DataError(f"{source}: has no layer '{layer}'; there are {there}")
    if layer:
        return layer
    beside = "counts" if "counts" in layers else "X" if "X" in layers else ""
    if RAW in layers:
        more = not beside or layers[RAW].shape[1] > layers[beside].shape[1]
        if not beside or not _are_counts(layers[beside]) or (more and _are_counts(layers[RAW])):
            return RAW
    if "counts" in layers:
        return "counts"
    if "X" not in layers:
        raise DataError(f"{source}: has neither a layer 'counts' nor X; name the layer that holds the raw counts")
    return "X"


def _are_counts(rows: CellRows) -> bool:
    try:
        rows.check("X")
    except DataError:
        return False
    return True


def _as_counts(stored: CellRows, adder: sparse.csr_matrix, source: str) -> CellRows:
    """Check counts and bring them to their form whenever they are read."""
    as_they_are = adder.shape[0] == adder.shape[1] == adder.nnz and (adder.indices == np.arange(adder.nnz)).all()

    how = rounding(stored.read(0, min(stored.shape[0], 1000)))

    def change(block: sparse.csr_matrix, cells: np.ndarray) -> sparse.csr_matrix:
        block = rounded(block, how)
        check_counts(block, source)
        return tidied(block if as_they_are else block.astype(np.float64) @ adder.astype(np.float64), source)

    return stored.changed(change, adder.shape[1])
