"""R files (``saveRDS``) with counts, genes in rows: a sparse or dense matrix, a data frame, or an object with one.

Of Seurat objects (versions 3 to 5) and SingleCellExperiment objects the raw counts and the table of cells are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError, IntegrityError
from dolor.io.formats.content import unpacked
from dolor.io.formats.matrix import Matrix
from dolor.io.formats.r_objects import counts_in, row_names, table_of
from dolor.io.formats.r_serialization import Reader, RObject
from dolor.io.guards import check_memory

__all__ = ["read_rds", "read_rds_table"]

# Counts in R's form shrink up to some hundred times.
_LARGEST_RATIO = 400

_ADVICE = (
    "save the counts alone in R:  saveRDS(counts, 'counts.rds')  with counts a dgCMatrix; for a Seurat object "
    "counts <- Seurat::GetAssayData(object, layer = 'counts')"
)


def read_rds(path: Path, orientation: str = "") -> Matrix:
    """Read an R file with one matrix of counts.

    Parameters
    ----------
    path
        The file, compressed once or twice or not at all.
    orientation
        ``cells_by_genes`` where genes stand in columns; else genes are in rows.

    Raises
    ------
    dolor.core.errors.DataError
        It holds something else, such as a Seurat object, or a matrix without names.
    """
    source = str(path)
    with unpacked(path, _LARGEST_RATIO) as stream:
        found = Reader(stream, source).read()
    try:
        inside = counts_in(found, source)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise DataError(f"{source}: its object is broken or of a version not read here ({error}); {_ADVICE}") from None
    if inside is not None:
        values, rows, columns = _matrix(inside.counts, source)
        rows, columns = inside.genes or rows, inside.cells or columns
    else:
        values, rows, columns = _matrix(found, source)
    if rows is None or columns is None:
        raise DataError(f"{source}: its matrix has no names of {'genes' if rows is None else 'cells'}; {_ADVICE}")
    if orientation == "cells_by_genes":
        return Matrix(sparse.csr_matrix(values), rows, columns).checked(source)
    obs = pd.DataFrame() if inside is None else inside.obs
    return Matrix(sparse.csr_matrix(values.T), columns, rows, obs=obs).checked(source)


def _matrix(found: Any, source: str) -> tuple[Any, list[str] | None, list[str] | None]:
    """Return rows × columns with the names of both."""
    classes = found.classes if isinstance(found, RObject) else []
    if "dgCMatrix" in classes or "dgRMatrix" in classes or "dgTMatrix" in classes:
        return _sparse(found, classes[0], source)
    if "data.frame" in classes:
        return _frame(found, source)
    if isinstance(found, RObject) and "dim" in found.attributes and isinstance(found.value, np.ndarray):
        shape = tuple(int(size) for size in found.attributes["dim"].value)
        if len(shape) == 2 and shape[0] * shape[1] == len(found.value):
            return sparse.csc_matrix(found.value.reshape(shape, order="F")), *_names(found.attributes.get("dimnames"))
    what = f"an object of class {', '.join(classes)[:80]}" if classes else "no matrix"
    raise DataError(f"{source}: holds {what}, where a sparse matrix or a data frame is read; {_ADVICE}")


def _sparse(found: RObject, kind: str, source: str) -> tuple[Any, list[str] | None, list[str] | None]:
    slots = found.attributes
    try:
        shape = (int(slots["Dim"].value[0]), int(slots["Dim"].value[1]))
        values = slots["x"].value
        names = _names(slots.get("Dimnames"))
        if kind == "dgTMatrix" and any(
            side is not None and len(side) != n for side, n in zip(names, shape, strict=True)
        ):
            raise ValueError(f"it has the shape {shape} and other numbers of names")
        if kind == "dgTMatrix":
            check_memory(8 * max(shape), source)
            matrix: Any = sparse.coo_matrix((values, (slots["i"].value, slots["j"].value)), shape=shape).tocsc()
        elif kind == "dgRMatrix":
            matrix = sparse.csr_matrix((values, slots["j"].value, slots["p"].value), shape=shape)
        else:
            matrix = sparse.csc_matrix((values, slots["i"].value, slots["p"].value), shape=shape)
        matrix.check_format(full_check=True)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise DataError(f"{source}: its {kind} is broken ({error}); write it again from R") from None
    return matrix, *names


def _frame(found: RObject, source: str) -> tuple[Any, list[str] | None, list[str] | None]:
    names = list(found.attributes["names"].value)
    columns = found.value
    rows = row_names(found.attributes.get("row.names"))
    # A first column of text holds the genes where the rows are only numbered.
    if columns and columns[0].value is not None and not isinstance(columns[0].value, np.ndarray):
        rows, names, columns = list(columns[0].value), names[1:], columns[1:]
    for name, column in zip(names, columns, strict=True):
        if not isinstance(column.value, np.ndarray) or "levels" in column.attributes:
            raise DataError(f"{source}: the column '{name}' of its data frame holds no numbers; {_ADVICE}")
    pieces = [sparse.csc_matrix(column.value.reshape(-1, 1)) for column in columns]
    if not pieces:
        raise DataError(f"{source}: its data frame has no columns of numbers; {_ADVICE}")
    return sparse.hstack(pieces, format="csc"), rows, names


def _names(found: Any) -> tuple[list[str] | None, list[str] | None]:
    if not isinstance(found, RObject) or not isinstance(found.value, list) or len(found.value) != 2:
        return None, None
    rows, columns = (list(side.value) if isinstance(side, RObject) else None for side in found.value)
    return rows, columns


def read_rds_table(path: Path) -> pd.DataFrame:
    """Read an R file with a data frame of text and numbers, such as the metadata of a study, every field as text."""
    source = str(path)
    try:
        with unpacked(path, _LARGEST_RATIO) as stream:
            found = Reader(stream, source).read()
        if not isinstance(found, RObject) or "data.frame" not in found.classes:
            raise DataError(f"{source}: holds no data frame; write the table with write.csv")
        return table_of(found).astype(object).map(lambda value: "" if value is None or value != value else str(value))
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise IntegrityError(f"{source}: its data frame is broken ({error}); write the table with write.csv") from error
