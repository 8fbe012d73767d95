"""10x Genomics HDF5: version 3 (``/matrix`` with features) and version 2 (one group a genome)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from dolor.errors import DataError
from dolor.io.formats.matrix import Matrix, csr_from_columns, decoded


def is_tenx(stored: h5py.File) -> bool:
    """Tell whether an HDF5 file is laid out as 10x lays it out."""
    return bool(_groups(stored))


def read_tenx_h5(path: Path) -> Matrix:
    """Read a 10x file; of a file with several kinds of features only gene expression is kept.

    Raises
    ------
    dolor.errors.DataError
        It holds several genomes, or the parts do not fit together.
    """
    with h5py.File(path, "r") as stored:
        groups = _groups(stored)
        if len(groups) != 1:
            raise DataError(f"{path}: holds {len(groups)} genomes ({', '.join(groups)}); split it, one file a species")
        group = stored[groups[0]]
        features = group.get("features", group)
        names = _text(features["name" if "name" in features else "gene_names"])
        ids = _text(features["id" if "id" in features else "genes"])
        barcodes = _text(group["barcodes"])
        values = csr_from_columns(
            group["data"][:], group["indices"][:], group["indptr"][:], (len(barcodes), len(names)), str(path)
        )
        kinds = _text(features["feature_type"]) if "feature_type" in features else []
    kept = [place for place, kind in enumerate(kinds) if kind == "Gene Expression"]
    if kept and len(kept) < len(kinds):
        values, names, ids = values[:, kept], [names[i] for i in kept], [ids[i] for i in kept]
    return Matrix(values, barcodes, names, ids)


def _groups(stored: h5py.File) -> list[str]:
    needed = {"barcodes", "data", "indices", "indptr"}
    return [name for name, group in stored.items() if isinstance(group, h5py.Group) and needed <= set(group)]


def _text(dataset: Any) -> list[str]:
    return [decoded(value) for value in np.asarray(dataset[:])]
