"""Counts and the table of cells inside objects of R: Seurat of versions 3 to 5, and SingleCellExperiment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from dolor.core.errors import DataError
from dolor.io.formats.r_serialization import RObject

__all__ = ["CountsOfObject", "counts_in", "row_names", "table_of"]

# The assay with transcripts, by the names that are in use; SCT holds corrected counts and Spatial is RNA of spots.
_ASSAYS = ("RNA", "originalexp", "Gene.Expression", "Spatial")
# How R stores an integer or a truth value that is missing.
_MISSING = -(2**31)
_CLASSES = ("SingleCellExperiment", "SummarizedExperiment", "RangedSummarizedExperiment")


@dataclass(frozen=True)
class CountsOfObject:
    """The matrix of counts (genes × cells) as R stores it, names where they are kept apart, and the table of cells."""

    counts: RObject
    genes: list[str] | None = None
    cells: list[str] | None = None
    obs: pd.DataFrame = field(default_factory=pd.DataFrame)


def counts_in(found: Any, source: str) -> CountsOfObject | None:
    """Return what a Seurat or SingleCellExperiment object holds; None where it is another value.

    Raises
    ------
    dolor.core.errors.DataError
        The object holds no raw counts, or in several layers.
    """
    classes = found.classes if isinstance(found, RObject) else []
    if "Seurat" in classes:
        return _of_seurat(found, source)
    if any(name in classes for name in _CLASSES):
        return _of_experiment(found, source)
    return None


def _of_seurat(found: RObject, source: str) -> CountsOfObject:
    assays = named(found.attributes["assays"])
    active = found.attributes.get("active.assay")
    wanted = [*_ASSAYS, *(active.value if isinstance(active, RObject) else [])]
    name = next((name for name in wanted if name in assays), next(iter(assays), None))
    if name is None:
        raise DataError(f"{source}: its Seurat object holds no assay")
    assay = assays[name]
    obs = table_of(found.attributes["meta.data"])
    if "layers" not in assay.attributes:
        counts = assay.attributes["counts"]
        if 0 in tuple(int(size) for size in counts.attributes["Dim"].value):
            raise DataError(f"{source}: its assay '{name}' holds no raw counts; only normalised values were kept")
        return CountsOfObject(counts, obs=obs)
    layers = named(assay.attributes["layers"])
    raw = [layer for layer in layers if layer == "counts" or layer.startswith("counts.")]
    if len(raw) != 1:
        raise DataError(
            f"{source}: its assay '{name}' holds {len(raw)} layers of counts ({', '.join(raw) or ', '.join(layers)}); "
            f"join them in R: object[['{name}']] <- JoinLayers(object[['{name}']])"
        )
    genes, cells = (_members(assay.attributes[side], raw[0]) for side in ("features", "cells"))
    return CountsOfObject(layers[raw[0]], genes, cells, obs.reindex(cells) if len(obs) != len(cells) else obs)


def _members(log: RObject, layer: str) -> list[str]:
    """Return the names that a layer holds, from the table of names by layers that version 5 keeps."""
    rows, columns = (side.value for side in log.attributes["dimnames"].value)
    held = np.asarray(log.value).reshape(len(columns), len(rows))[list(columns).index(layer)]
    return [name for name, there in zip(rows, held, strict=True) if there]


def _of_experiment(found: RObject, source: str) -> CountsOfObject:
    data = found.attributes["assays"].attributes["data"].attributes["listData"]
    assays = named(data)
    if "counts" not in assays:
        raise DataError(f"{source}: its object holds no assay 'counts' but {', '.join(assays) or 'none'}")
    described = found.attributes["colData"]
    columns = named(described.attributes["listData"])
    cells = _texts(described.attributes.get("rownames"))
    obs = pd.DataFrame({name: _values(column) for name, column in columns.items() if _is_column(column)}, index=cells)
    return CountsOfObject(assays["counts"], _gene_names(found), cells, obs)


def _gene_names(found: RObject) -> list[str] | None:
    """Return the names of rows, which ranges keep in their partitioning."""
    names = _texts(found.attributes.get("NAMES"))
    ranges = found.attributes.get("rowRanges")
    if names is None and isinstance(ranges, RObject):
        parts = ranges.attributes.get("partitioning") or ranges.attributes.get("ranges")
        names = _texts(parts.attributes.get("NAMES")) if isinstance(parts, RObject) else None
    return names


def named(found: RObject) -> dict[str, Any]:
    """Return the members of a list of R by name."""
    names = found.attributes.get("names")
    return dict(zip(names.value, found.value, strict=True)) if isinstance(names, RObject) else {}


def row_names(found: Any) -> list[str] | None:
    """Return the row names of a data frame; None where the rows are only numbered."""
    return list(found.value) if isinstance(found, RObject) and isinstance(found.value, list) else None


def table_of(found: RObject) -> pd.DataFrame:
    """Return a data frame of R; factors become text."""
    names = found.attributes["names"].value
    columns = {name: _values(column) for name, column in zip(names, found.value, strict=True)}
    return pd.DataFrame(columns, index=row_names(found.attributes.get("row.names")))


def _values(column: RObject) -> Any:
    if "levels" in column.attributes:
        levels = column.attributes["levels"].value
        return [levels[code - 1] if 0 < code <= len(levels) else "" for code in column.value]
    values = column.value
    if isinstance(values, np.ndarray) and values.dtype.kind == "i" and (values == _MISSING).any():
        return np.where(values == _MISSING, np.nan, values)
    return values


def _is_column(column: Any) -> bool:
    return isinstance(column, RObject) and column.value is not None and "dim" not in column.attributes


def _texts(found: Any) -> list[str] | None:
    return [str(each) for each in found.value] if isinstance(found, RObject) and isinstance(found.value, list) else None
