"""The one door in: a file or an object becomes checked Cells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dolor.contracts.cells import SAMPLE_FIELDS, check_cells
from dolor.contracts.vocabulary import organism_word, sex_word
from dolor.errors import DataError
from dolor.io.counts import at_raw, raw_counts
from dolor.io.genes import Duplicates, checked_organism, with_symbols, without_controls
from dolor.io.load import load
from dolor.io.metadata import joined_to, read_metadata
from dolor.io.quiet import repeated_names

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse

    from dolor.io.cell_rows import CellRows

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
        A file or folder of any format that :func:`dolor.io.load.load` reads (10x, h5ad, loom, zarr, mtx, text, RDS,
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
    dolor.errors.DataError
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
    cells = anndata.AnnData(obs=obs, var=found.var.copy(), layers={"counts": raw_counts(found, layer, name)}, uns=uns)
    check_cells(cells, source=name)
    cells.X = log_normalised(cells)
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
    obs = complete_fields(obs, name)
    found, controls = without_controls(found)
    dropped = {**found.uns.get("dropped", {}), **({CONTROLS: controls} if controls else {})}
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
            obs[field] = obs[field].astype("category")
    return obs


def log_normalised(cells: AnnData) -> sparse.csr_matrix:
    """Return log1p(counts / library size · 10,000) as 32-bit CSR; a cell without counts stays zero."""
    from scipy import sparse

    return log_values(sparse.csr_matrix(cells.layers["counts"]))


def log_values(counts: sparse.csr_matrix, target: float = 1e4) -> sparse.csr_matrix:
    """Return log1p(counts / library size · target), of cells × genes as :func:`log_normalised` of Cells."""
    import numpy as np

    library = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    factor = np.divide(target, library, out=np.zeros_like(library), where=library > 0)
    values = counts.astype(np.float32)
    # Computed in 64 bits, a block of cells at a time, so that no second matrix stands in memory.
    for start in range(0, values.shape[0], _BLOCK):
        ends = values.indptr[start : start + _BLOCK + 1]
        block = values.data[ends[0] : ends[-1]]
        block[:] = np.log1p(block * np.repeat(factor[start : start + _BLOCK], np.diff(ends)))
    return values


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
