"""Files that are broken in ways that the libraries below do not notice, and places that cannot be used."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError, DolorError, IntegrityError
from dolor.io.detect import load
from dolor.io.write import read_table, write_table

Maker = Callable[..., AnnData]


@pytest.fixture
def stored(make_cells: Maker, tmp_path: Path) -> Path:
    make_cells().write_h5ad(tmp_path / "cells.h5ad")
    return tmp_path / "cells.h5ad"


@contextmanager
def somebody_else() -> Iterator[None]:
    """Be a user without rights for a while, where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def _break_pointers(file: h5py.File) -> None:
    file["layers/counts/indptr"][2] = 10**6


def _shrink(file: h5py.File) -> None:
    shortened = file["layers/counts/data"][:-5]
    del file["layers/counts/data"]
    file["layers/counts/data"] = shortened


def _lose(name: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(name)


@pytest.mark.parametrize(
    "spoil",
    [_break_pointers, _shrink, _lose("var"), _lose("obs"), _lose("layers/counts/indptr"), _lose("obs/sex")],
    ids=["indptr", "data too short", "no var", "no obs", "no indptr", "no column"],
)
def test_h5ad_with_a_part_broken_or_lost(stored: Path, spoil: Callable[[h5py.File], None]) -> None:
    with h5py.File(stored, "r+") as file:
        spoil(file)
    for open_it in (dl.read, lambda path: dl.tl.profiles(path, groupby="condition")):
        with pytest.raises(DolorError, match=r"cells\.h5ad") as caught:
            open_it(stored)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code in (3, 4)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "cells.h5ad")
    with pytest.raises(DataError, match="is not a regular file"):
        dl.read(tmp_path / "cells.h5ad")


def test_a_file_without_permission_is_named(stored: Path) -> None:
    for folder in (stored.parent, *stored.parent.parents[:3]):
        folder.chmod(0o755)
    stored.chmod(0)
    with somebody_else(), pytest.raises(DataError, match=r"cells\.h5ad: cannot be read \(Permission denied\)"):
        dl.read(stored)


def test_a_folder_that_cannot_be_written_to_is_named_and_stays_empty(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    frame = pd.DataFrame({"score": [1.0]})
    with somebody_else(), pytest.raises(DataError, match=r"a\.parquet: cannot be written \(Permission denied\)"):
        write_table(frame, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_of_two_writers_one_wins_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.parquet"
    frames = [pd.DataFrame({"score": np.full(20_000, float(number))}) for number in range(4)]
    writers = [threading.Thread(target=write_table, args=(frame, target)) for frame in frames]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(set(read_table(target)["score"])) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<!doctype html>", b"PAR1" + bytes(200) + b"PAR1"])
def test_a_result_that_is_no_table_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises((DataError, IntegrityError), match=r"a\.parquet: not a readable Parquet file"):
        read_table(tmp_path / "a.parquet")


def test_line_ends_and_byte_order_mark_of_windows_change_nothing(tmp_path: Path) -> None:
    text = b"gene,c1,c2\nXist,3,0\nActb,1,2\n"
    (tmp_path / "unix.csv").write_bytes(text)
    (tmp_path / "windows.csv").write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    one, other = load(tmp_path / "unix.csv"), load(tmp_path / "windows.csv")
    np.testing.assert_array_equal(one.X.toarray(), other.X.toarray())
    assert one.var_names.equals(other.var_names)
    assert one.obs_names.equals(other.obs_names)
