"""Counts of cells in chunks out of a SOMA experiment: memory holds one chunk, whatever the number of cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.errors import DataError, IntegrityError, MissingExtra, NetworkError
from dolor.io.matrix.chunks import Chunk, Source, checked

__all__ = ["is_soma", "open_soma"]

# SOMA takes a gigabyte for each column, and TileDB ten to unpack, unless they are told otherwise.
_LIMITS = {"soma.init_buffer_bytes": str(64 * 2**20), "sm.mem.total_budget": str(512 * 2**20)}
# A stored value comes with two coordinates of eight bytes, so that SOMA's chunks hold fewer of them.
_COORDINATES = 4
_LAYERS = ("counts", "raw")
_SYMBOLS = ("feature_name", "var_id")
_OWN = frozenset({"soma_joinid", "obs_id"})


def is_soma(path: Path | str) -> bool:
    """Tell whether an address or a folder is one of SOMA: a group or an array of TileDB."""
    if re.match(r"[a-z0-9]+://", str(path)):
        return True
    return any((Path(path) / mark).exists() for mark in ("__tiledb_group.tdb", "__group", "__schema"))


def open_soma(
    address: Path | str,
    *,
    member: str = "",
    where: str = "",
    measurement: str = "RNA",
    prepare: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
) -> Source:
    """Open cells in a SOMA experiment without reading their counts.

    Parameters
    ----------
    address
        Folder or address of the experiment, or of a collection that holds it.
    member
        Where the experiment stands in the collection, such as ``census_data/mus_musculus`` in a Census.
    where
        Which cells, in SOMA's language, such as ``"tissue == 'dorsal root ganglion' and sex == 'female'"``; empty: all.
        Genes cannot be chosen here, since the library size of a cell is its counts over all genes.
    measurement
        Name of the measurement.
    prepare
        Given the chosen cells, returns them with the columns that Cells have, in the same order; a Census names its
        columns otherwise.

    Returns
    -------
    The cells, in the order of the experiment. Counts are the layer ``counts``, or else ``raw``; genes are named by the
    column ``feature_name``, or else ``var_id``.

    Raises
    ------
    dolor.core.errors.MissingExtra
        The package tiledbsoma is missing.
    dolor.core.errors.DataError
        There is no such experiment, measurement, layer or cell.
    dolor.core.errors.NetworkError
        A remote address cannot be read.
    """
    name = str(address)
    with _experiment(name, member) as experiment:
        obs = _table(experiment.obs, where)
        if not len(obs):
            raise DataError(f"{name}: holds no cells" + (f" where {where}; loosen the query" if where else ""))
        if measurement not in experiment.ms:
            raise DataError(f"{name}: has no measurement '{measurement}'; it has {', '.join(experiment.ms) or 'none'}")
        measured = experiment.ms[measurement]
        layer = next((layer for layer in _LAYERS if layer in measured.X), "")
        if not layer:
            asked = " or ".join(map(repr, _LAYERS))
            raise DataError(f"{name}: has no layer {asked} with raw counts; it has {', '.join(measured.X) or 'none'}")
        genes, columns = _genes(measured.var, name)
        stored = measured.X[layer]
        n_stored, rows_stored = int(stored.nnz), max(int(stored.shape[0]), 1)
    ids = obs.pop("soma_joinid").to_numpy(dtype=np.int64)
    described = prepare(obs) if prepare is not None else obs

    def chunks(size: int, wanted: NDArray[np.bool_]) -> Iterator[Chunk]:
        rows = max(1, int(size / _COORDINATES * rows_stored / max(n_stored, 1)))
        with _experiment(name, member) as experiment:
            counts = experiment.ms[measurement].X[layer]
            for start in range(0, len(ids), rows):
                yield _chunk(counts, start, ids[start : start + rows], columns, len(genes), name)

    return Source(name, described, genes, chunks)


@contextmanager
def _experiment(name: str, member: str) -> Iterator[Any]:
    """Open the experiment; what SOMA raises on the way becomes our own error."""
    try:
        import tiledbsoma
    except ImportError:
        raise MissingExtra("tiledbsoma", "census") from None
    context = tiledbsoma.SOMATileDBContext(tiledb_config=dict(_LIMITS))
    try:
        with tiledbsoma.open(name, context=context) as opened:
            found = opened
            for part in filter(None, member.split("/")):
                found = found[part]
            if not isinstance(found, tiledbsoma.Experiment):
                raise DataError(f"{name}: {member or 'it'} is no SOMA experiment but {_described(found)}")
            yield found
    except (tiledbsoma.SOMAError, KeyError, RuntimeError, OSError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        remote = bool(re.match(r"[a-z0-9]+://", name)) and not name.startswith("file://")
        raise (NetworkError if remote else DataError)(
            f"{name}: cannot be read as a SOMA experiment ({line}); name the folder or address of one"
        ) from error


def _described(found: Any) -> str:
    kind = type(found).__name__
    return f"a {kind} of {', '.join(list(found)[:6])}; name the one to read" if hasattr(found, "keys") else f"a {kind}"


def _table(stored: Any, where: str) -> pd.DataFrame:
    """Read the chosen rows but not their names, text as categories: names of a million cells are larger than counts."""
    import pyarrow as pa

    wanted = [column for column in stored.schema.names if column not in _OWN]
    names = ["soma_joinid", *wanted]
    table = stored.read(column_names=names, value_filter=where or None).concat()
    columns = {}
    for column in names:
        values = table.column(column)
        text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
        columns[column] = (values.dictionary_encode() if text else values).to_pandas()
    return pd.DataFrame(columns, copy=False).sort_values("soma_joinid", ignore_index=True)


def _genes(stored: Any, name: str) -> tuple[pd.Index, NDArray[np.int64]]:
    """Return the symbols, and for each number that SOMA gave a gene its column, -1 where there is none."""
    column = next((column for column in _SYMBOLS if column in stored.schema.names), "")
    if not column:
        raise DataError(f"{name}: the genes have no column {' or '.join(map(repr, _SYMBOLS))}")
    table = stored.read(column_names=["soma_joinid", column]).concat().to_pandas().sort_values("soma_joinid")
    ids = table["soma_joinid"].to_numpy(dtype=np.int64)
    # A Census has some symbols twice, of two Ensembl ids; their counts are summed.
    place, symbols = pd.factorize(table[column].astype(str))
    columns = np.full(int(ids.max(initial=-1)) + 1, -1, dtype=np.int64)
    columns[ids] = place
    return pd.Index(symbols), columns


def _chunk(
    counts: Any, start: int, ids: NDArray[np.int64], columns: NDArray[np.int64], n_genes: int, name: str
) -> Chunk:
    """Read some cells as compressed rows, in their order."""
    table = counts.read((ids, slice(None))).tables().concat()
    cell, gene, value = (table.column(part).to_numpy() for part in ("soma_dim_0", "soma_dim_1", "soma_data"))
    if len(gene) and (gene.max() >= len(columns) or (columns[gene] < 0).any()):
        raise IntegrityError(f"{name}: the counts name genes that the table of genes does not have")
    place = np.searchsorted(ids, cell)
    # Imported here, since every path is asked whether it is one of SOMA.
    from scipy import sparse

    block = sparse.coo_array((value, (place, columns[gene])), shape=(len(ids), n_genes)).tocsr()
    block.sort_indices()
    return checked(start, block.data, block.indices, block.indptr, n_genes, name)
