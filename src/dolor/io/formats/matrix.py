"""What every reader of a format gives: a sparse matrix of cells by genes with the names on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.core.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True)
class Matrix:
    """Values as the file holds them, and what the file says of cells and genes.

    Parameters
    ----------
    values
        Cells × genes, CSR.
    barcodes
        Name of each cell.
    genes
        Name of each gene as the file writes it; may repeat.
    gene_ids
        Identifier of each gene, where the file has them beside the names.
    kinds
        What each row of the features is, such as ``Gene Expression`` or ``Antibody Capture``.
    obs
        Further columns that describe the cells; its index is ignored.
    """

    values: sparse.csr_matrix
    barcodes: Sequence[str]
    genes: Sequence[str]
    gene_ids: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    obs: pd.DataFrame = field(default_factory=pd.DataFrame)

    def checked(self, source: str) -> Matrix:
        """Return itself once shape and names agree.

        Raises
        ------
        dolor.core.errors.DataError
            The names do not match the matrix, or its indices are out of range.
        """
        cells, genes = self.values.shape
        if (len(self.barcodes), len(self.genes)) != (cells, genes):
            raise DataError(
                f"{source}: the matrix has {cells} cells and {genes} genes, but there are "
                f"{len(self.barcodes)} barcodes and {len(self.genes)} gene names; they belong to different files, "
                "or one of them is cut short"
            )
        try:
            self.values.check_format(full_check=True)
        except ValueError as error:
            raise DataError(f"{source}: the matrix is broken ({error}); fetch or write it again") from None
        return self

    def as_anndata(self) -> AnnData:
        """Give the matrix as AnnData, the values in ``X``."""
        import anndata

        obs = self.obs.copy() if len(self.obs.columns) else pd.DataFrame(index=range(len(self.barcodes)))
        obs.index = pd.Index(list(map(str, self.barcodes)), dtype=object)
        var = pd.DataFrame(index=pd.Index(list(map(str, self.genes)), dtype=object))
        if self.gene_ids is not None:
            var["gene_id"] = list(self.gene_ids)
        if self.kinds is not None:
            var["feature_types"] = list(self.kinds)
        return anndata.AnnData(X=self.values, obs=obs, var=var)


def csr_from_columns(
    values: np.ndarray[Any, Any],
    indices: np.ndarray[Any, Any],
    indptr: np.ndarray[Any, Any],
    shape: tuple[int, int],
    source: str,
) -> sparse.csr_matrix:
    """Build cells × genes from the three arrays of a matrix that is stored cell by cell.

    Raises
    ------
    dolor.core.errors.DataError
        The arrays do not make a matrix of that shape.
    """
    try:
        matrix = sparse.csr_matrix((values, indices, indptr), shape=shape)
        matrix.check_format(full_check=True)
    except (ValueError, TypeError, OverflowError) as error:
        raise DataError(f"{source}: the matrix is broken ({error}); fetch or write it again") from None
    return matrix


def decoded(value: object) -> str:
    """Return text of HDF5 as text; bytes that are no UTF-8 are shown as such."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
