"""The door in: sound files become Cells, unsound ones one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

import dolor as dl
from dolor.core.errors import DataError, IntegrityError
from dolor.io.h5ad import read_h5ad

Maker = Callable[..., AnnData]


def _stored(cells: AnnData, path: Path) -> Path:
    cells.write_h5ad(path, compression="gzip")
    return path


def test_a_file_round_trips(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells()
    read = dl.read(_stored(cells, tmp_path / "cells.h5ad"))
    np.testing.assert_array_equal(read.layers["counts"].toarray(), cells.layers["counts"].toarray())
    assert read.obs["sample_id"].astype(str).tolist() == cells.obs["sample_id"].tolist()


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_every_kind_of_matrix_gives_the_same_cells(make_cells: Maker, kind: Callable[..., object], dtype: type) -> None:
    cells = make_cells()
    expected = cells.layers["counts"].toarray()
    cells.X = kind(expected.astype(dtype))
    del cells.layers["counts"]
    read = dl.read(cells)
    assert sparse.issparse(read.layers["counts"])
    assert read.layers["counts"].has_sorted_indices
    np.testing.assert_array_equal(read.layers["counts"].toarray(), expected)


def test_x_is_log_normalised_to_ten_thousand(make_cells: Maker) -> None:
    read = dl.read(make_cells())
    np.testing.assert_allclose(np.expm1(read.X.toarray()).sum(axis=1), 1e4, rtol=1e-4)


def test_the_callers_object_is_not_changed(make_cells: Maker) -> None:
    cells = make_cells()
    columns, layers = list(cells.obs), list(cells.layers)
    dl.read(cells, organism="mouse", fields={"tissue": "=nerve"})
    assert (list(cells.obs), list(cells.layers)) == (columns, layers)
    assert set(cells.obs["tissue"]) == {"dorsal root ganglion"}


def test_fields_under_other_names_and_constants(make_cells: Maker) -> None:
    cells = make_cells()
    cells.obs = cells.obs.rename(columns={"condition": "treatment"})
    read = dl.read(cells, fields={"condition": "treatment", "assay": "=10x 3' v3"})
    assert set(read.obs["condition"]) == {"naive", "injured"}
    assert set(read.obs["assay"]) == {"10x 3' v3"}
    with pytest.raises(DataError, match="no column 'group' to take condition from"):
        dl.read(cells, fields={"condition": "group"})
    with pytest.raises(DataError, match="'cage' is no field of a sample"):
        dl.read(cells, fields={"cage": "treatment"})


@pytest.mark.parametrize(
    ("written", "word"), [("F", "female"), ("PATO:0000384", "male"), ("", "unknown"), ("NA", "unknown")]
)
def test_spellings_of_sex(make_cells: Maker, written: str, word: str) -> None:
    cells = make_cells()
    cells.obs["sex"] = written
    assert set(dl.read(cells).obs["sex"]) == {word}


def test_normalised_values_where_counts_are_needed(make_cells: Maker, tmp_path: Path) -> None:
    cells = make_cells()
    cells.X = np.log1p(cells.layers["counts"].toarray())
    del cells.layers["counts"]
    with pytest.raises(DataError, match=r"cells\.h5ad \(X\): .*not integers .*look normalised"):
        dl.read(_stored(cells, tmp_path / "cells.h5ad"))
    with pytest.raises(DataError, match="has no layer 'spliced'"):
        dl.read(cells, layer="spliced")


def test_counts_under_raw_are_found_or_asked_for(make_cells: Maker) -> None:
    cells = make_cells()
    counts = cells.layers["counts"].toarray()
    with pytest.raises(DataError, match="has no 'raw'"):
        dl.read(cells, layer="raw")
    cells.raw = AnnData(counts + 1, obs=cells.obs[[]], var=cells.var)
    assert (dl.read(cells).layers["counts"].toarray() == counts).all()
    assert (dl.read(cells, layer="raw").layers["counts"].toarray() == counts + 1).all()
    del cells.layers["counts"]
    cells.X = counts
    assert (dl.read(cells).layers["counts"].toarray() == counts).all()
    cells.X = np.log1p(counts)
    few = cells[:, :3].copy()
    found = dl.read(few)
    assert found.n_vars == cells.n_vars
    assert (found.layers["counts"].toarray() == counts + 1).all()


def test_files_that_are_no_h5ad(tmp_path: Path) -> None:
    path = tmp_path / "cells.h5ad"
    with pytest.raises(DataError, match="no such file"):
        dl.read(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"is empty \(0 bytes\)"):
        dl.read(path)
    path.write_text("<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(DataError, match="not an h5ad file but a web page"):
        dl.read(path)
    with pytest.raises(DataError, match="is not a regular file"):
        dl.read(Path("/dev/null"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is not a regular file, and no folder with a 10x matrix"):
        dl.read(tmp_path / "empty")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_truncated_files(make_cells: Maker, tmp_path: Path, share: float) -> None:
    path = _stored(make_cells(), tmp_path / "cells.h5ad")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(IntegrityError, match="damaged, truncated"):
        dl.read(path)


def test_a_column_index_out_of_range(make_cells: Maker, tmp_path: Path) -> None:
    path = _stored(make_cells(), tmp_path / "cells.h5ad")
    with h5py.File(path, "r+") as stored:
        stored["layers/counts/indices"][0] = 10_000
    with pytest.raises((DataError, IntegrityError), match="broken sparse matrix|damaged"):
        dl.read(path)


def test_links_to_other_files_are_refused(make_cells: Maker, tmp_path: Path) -> None:
    path = _stored(make_cells(), tmp_path / "cells.h5ad")
    with h5py.File(path, "r+") as stored:
        stored["uns/secret"] = h5py.ExternalLink("/etc/passwd", "/")
    with pytest.raises(DataError, match="'/uns/secret' points to another file"):
        dl.read(path)


def test_a_small_file_that_unpacks_hugely_is_refused(make_cells: Maker, tmp_path: Path) -> None:
    path = _stored(make_cells(), tmp_path / "cells.h5ad")
    with h5py.File(path, "r+") as stored:
        stored.create_dataset("uns/zeros", shape=(40_000, 10_000), dtype="f8", chunks=(1000, 1000), compression="gzip")
    with pytest.raises(DataError, match="decompression bomb"):
        read_h5ad(path)
