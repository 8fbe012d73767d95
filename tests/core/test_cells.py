"""What is Cells, and what is said of an object that is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from dolor.core.contracts import check_cells
from dolor.core.errors import DataError


def test_sound_cells_pass_untouched(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells()
    before = cells.layers["counts"].toarray().copy()
    assert check_cells(cells) is cells
    np.testing.assert_array_equal(cells.layers["counts"].toarray(), before)


def _with_counts(cells: AnnData, value: float) -> AnnData:
    dense = cells.layers["counts"].toarray().astype(float)
    dense[0, 0] = value
    cells.layers["counts"] = sparse.csr_matrix(dense)
    return cells


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.5, r"not integers \(such as 0\.5\); these look normalised"),
        (-1.0, r"negative values \(down to -1\); these look scaled"),
        (np.nan, "1 value.* NaN or infinite"),
        (np.inf, "1 value.* NaN or infinite"),
    ],
)
def test_values_that_are_no_counts(make_cells: Callable[..., AnnData], value: float, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_cells(_with_counts(make_cells(), value))


def test_dense_float_counts_are_counts(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells()
    cells.layers["counts"] = cells.layers["counts"].toarray().astype(np.float32)
    check_cells(cells)


@pytest.mark.parametrize("column", ["sample_id", "condition", "organism"])
def test_a_missing_column_is_named(make_cells: Callable[..., AnnData], column: str) -> None:
    cells = make_cells()
    del cells.obs[column]
    with pytest.raises(DataError, match=rf"file\.h5ad: obs lacks the column\(s\) {column}"):
        check_cells(cells, source="file.h5ad")


def test_empty_and_unknown_words(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells()
    cells.obs["condition"] = cells.obs["condition"].where(cells.obs["sample_id"] != "s0", " ")
    with pytest.raises(DataError, match=r"obs\['condition'\] is missing or empty for 15 of 60 cells"):
        check_cells(cells)
    cells = make_cells()
    cells.obs["sex"] = "Weiblich"
    with pytest.raises(DataError, match="'Weiblich'; allowed are female, male, mixed, unknown"):
        check_cells(cells)


def test_duplicate_barcodes_and_symbols(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells()
    cells.obs_names = ["same", "same", *cells.obs_names[2:]]
    with pytest.raises(DataError, match=r"1 barcode\(s\) are duplicated \('same'\)"):
        check_cells(cells)
    cells = make_cells()
    cells.var_names = ["Il1b", "Il1b", *cells.var_names[2:]]
    with pytest.raises(DataError, match=r"1 gene symbol\(s\) are duplicated \('Il1b'\)"):
        check_cells(cells)


def test_a_sample_in_two_donors_is_refused(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells()
    cells.obs.loc["cell0", "donor_id"] = "other"
    with pytest.raises(DataError, match=r"sample 's0' has more than one donor_id \('d0', 'other'\)"):
        check_cells(cells)


def test_no_cells_no_genes_no_layer(make_cells: Callable[..., AnnData]) -> None:
    with pytest.raises(DataError, match="has 0 cells"):
        check_cells(make_cells()[:0])
    cells = make_cells()
    del cells.layers["counts"]
    with pytest.raises(DataError, match="no layer 'counts'"):
        check_cells(cells)


def test_broken_sparse_matrix(make_cells: Callable[..., AnnData]) -> None:
    cells = make_cells()
    cells.layers["counts"].indices[0] = 999
    with pytest.raises(DataError, match="broken sparse matrix"):
        check_cells(cells)
