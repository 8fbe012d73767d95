"""Cells that stay in their file give what cells in memory give, whichever of them are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from dolor.core.errors import DataError, IntegrityError
from dolor.io.h5ad import read_h5ad
from dolor.io.matrix import cell_rows
from dolor.io.matrix.cell_rows import CellRows, counts_of
from dolor.io.stored_cells import open_cells, write_cells

Maker = Callable[..., AnnData]


def _same(one: sparse.csr_matrix, two: sparse.csr_matrix) -> bool:
    return one.shape == two.shape and one.dtype == two.dtype and (one != two).nnz == 0


@pytest.fixture
def stored(make_cells: Maker, tmp_path: Path) -> Callable[[str], tuple[sparse.csr_matrix, CellRows]]:
    def store(form: str) -> tuple[sparse.csr_matrix, CellRows]:
        cells = make_cells(300)
        counts = cells.layers["counts"]
        cells.layers["counts"] = {"csr": counts, "csc": counts.tocsc(), "dense": counts.toarray()}[form]
        cells.write_h5ad(tmp_path / "cells.h5ad", compression="lzf")
        return counts, open_cells(tmp_path / "cells.h5ad")[1]["counts"]

    return store


@pytest.mark.parametrize("form", ["csr", "csc", "dense"])
def test_every_choice_of_cells_is_the_one_asked_for(
    stored: Callable[[str], tuple[sparse.csr_matrix, CellRows]], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_rows, "_WINDOW", 200)
    monkeypatch.setattr(cell_rows, "_GAP", 50)
    counts, rows = stored(form)
    some = np.sort(np.random.default_rng(0).choice(300, 120, replace=False))
    mask = np.isin(np.arange(300), some)
    assert _same(rows.whole(), counts)
    assert _same(rows.rows(some), counts[some])
    assert _same(rows.of(mask).rows(np.arange(3, 90, 7)), counts[some][3:90:7])
    assert _same(rows.with_genes(np.arange(counts.shape[1]) % 3 == 0).whole(), counts[:, ::3])
    assert _same(rows.with_genes(np.array([5, 2])).whole(), counts[:, [5, 2]])
    blocks = list(rows.of(mask).blocks(50))
    assert [place.stop for place, _ in blocks] == [50, 100, 120]
    assert _same(sparse.vstack([block for _, block in blocks], format="csr"), counts[some])
    assert rows.rows(some[:0]).shape == (0, counts.shape[1])


def test_what_is_written_by_blocks_is_read_as_if_written_at_once(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells(10_000)
    cells.uns["simulated"] = True
    cells.obsm["X_pca"] = np.ones((10_000, 2))
    write_cells(tmp_path / "cells.h5ad", cells, {"counts": counts_of(cells)})
    back = read_h5ad(tmp_path / "cells.h5ad")
    assert _same(back.layers["counts"], cells.layers["counts"])
    assert back.layers["counts"].indices.dtype == np.int32
    assert back.obs.astype(str).equals(cells.obs.astype(str))
    assert (back.X, back.obsm["X_pca"].shape, bool(back.uns["simulated"])) == (None, (10_000, 2), True)


def test_x_is_opened_and_written_as_x(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells(50)
    cells.X = cells.layers["counts"].astype(np.float32)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    bare, layers = open_cells(tmp_path / "cells.h5ad")
    assert (bare.X, set(layers)) == (None, {"counts", "X"})
    write_cells(tmp_path / "again.h5ad", bare, layers)
    assert _same(read_h5ad(tmp_path / "again.h5ad").X, cells.X)


def test_counts_that_are_none_are_refused_block_by_block(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells(60)
    counts = cells.layers["counts"].astype(np.float32)
    counts.data[-1] = 0.5
    cells.layers["counts"] = counts
    cells.write_h5ad(tmp_path / "cells.h5ad")
    with pytest.raises(DataError, match=r"mine: the counts hold values that are not integers \(such as 0\.5\)"):
        open_cells(tmp_path / "cells.h5ad")[1]["counts"].check("mine")


@pytest.mark.parametrize("fault", ["pointers", "shape", "values"])
def test_a_broken_matrix_is_named(make_cells: Maker, tmp_path: Path, fault: str) -> None:
    make_cells(60).write_h5ad(tmp_path / "cells.h5ad")
    with h5py.File(tmp_path / "cells.h5ad", "a") as file:
        group = file["layers/counts"]
        if fault == "pointers":
            group["indptr"][3] = 10**6
        elif fault == "shape":
            group.attrs["shape"] = [60, 7]
        else:
            del group["data"]
    with pytest.raises(IntegrityError, match=r"cells\.h5ad"):
        open_cells(tmp_path / "cells.h5ad")
