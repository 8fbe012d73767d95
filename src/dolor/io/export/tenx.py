"""Cells as a 10x folder (version 3), which every toolkit reads."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from scipy import io as scipy_io

from dolor.contracts.cells import check_cells
from dolor.errors import DataError
from dolor.io.export.spreadsheet import write_tsv

if TYPE_CHECKING:
    from anndata import AnnData


def write_tenx(cells: AnnData, folder: Path | str) -> Path:
    """Write raw counts as ``matrix.mtx.gz``, ``features.tsv.gz`` and ``barcodes.tsv.gz``, the labels as ``cells.tsv``.

    Parameters
    ----------
    cells
        Cells × genes, raw counts in ``layers["counts"]``.
    folder
        The folder to make; one that is there already is not touched.

    Returns
    -------
    The folder.

    Raises
    ------
    dolor.errors.DataError
        The folder is there already or cannot be made, or a name holds a tab or a line end.

    Examples
    --------
    >>> write_tenx(cells, "for_seurat")  # doctest: +SKIP
    """
    check_cells(cells)
    folder = Path(folder)
    if folder.exists():
        raise DataError(f"{folder}: is there already; name a folder that is not")
    ids = cells.var["gene_id"].astype(str) if "gene_id" in cells.var.columns else cells.var_names.astype(str)
    features = [f"{gene_id}\t{name}\tGene Expression" for gene_id, name in zip(ids, cells.var_names, strict=True)]
    _refuse_breaks([*ids, *cells.var_names, *cells.obs_names])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as name:
            made = Path(name) / "made"
            made.mkdir()
            _packed(made / "features.tsv.gz", features)
            _packed(made / "barcodes.tsv.gz", cells.obs_names)
            with (made / "matrix.mtx.gz").open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
                scipy_io.mmwrite(cast("IO[bytes]", stream), cells.layers["counts"].T.tocoo(), field="integer")
            write_tsv(cells.obs.rename_axis("barcode").reset_index(), made / "cells.tsv")
            shutil.move(made, folder)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return folder


def _refuse_breaks(names: Iterable[str]) -> None:
    for name in names:
        if "\t" in name or "\n" in name or "\r" in name:
            raise DataError(f"the name {name[:60]!r} holds a tab or a line end, which a 10x folder cannot; rename it")


def _packed(path: Path, lines: Iterable[str]) -> None:
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
