"""What a file says of other files, and sizes that it does not have, on every way in: h5ad, loom, 10x, zarr."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from anndata import AnnData

import dolor as dl
from dolor.core.errors import DataError
from dolor.io.detect import load
from dolor.io.h5ad import read_h5ad, read_obs
from dolor.io.matrix.h5ad import open_h5ad
from dolor.io.matrix.zarr import open_zarr
from dolor.io.read import read_stored

Maker = Callable[..., AnnData]
Change = Callable[[h5py.Group, Path], None]


def _secret(folder: Path) -> Path:
    path = folder / "secret"
    path.write_bytes(bytes(range(64)))
    return path


def _external_storage(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("taken", (16,), "i4", external=[(str(secret), 0, 64)])


def _virtual_dataset(group: h5py.Group, secret: Path) -> None:
    with h5py.File(secret.with_suffix(".h5"), "w") as other:
        other["all"] = np.arange(4)
    layout = h5py.VirtualLayout((4,), "i8")
    layout[:] = h5py.VirtualSource(str(secret.with_suffix(".h5")), "all", (4,))
    group.create_virtual_dataset("taken", layout)


def _external_link(group: h5py.Group, secret: Path) -> None:
    group["taken"] = h5py.ExternalLink(str(secret), "/")


def _soft_link_through_an_external_one(group: h5py.Group, secret: Path) -> None:
    group["way"] = h5py.ExternalLink(str(secret), "/")
    group["taken"] = h5py.SoftLink(f"{group.name}/way/all")


def _doubled_links(group: h5py.Group, secret: Path) -> None:
    at = group.create_group("level")
    for _ in range(36):
        below = at.create_group("a")
        at["b"] = below
        at = below


def _doubled_soft_links(group: h5py.Group, secret: Path) -> None:
    at = group.create_group("level")
    for _ in range(36):
        below = at.create_group("a")
        at["b"] = h5py.SoftLink(below.name)
        at = below


def _circle(group: h5py.Group, secret: Path) -> None:
    group.create_group("round")["again"] = group


def _depth(group: h5py.Group, secret: Path) -> None:
    for _ in range(200):
        group = group.create_group("d")


def _product_beyond_64_bits(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("large", (2**32, 2**32), "f4", chunks=(1024, 1024))


def _texts_never_written(group: h5py.Group, secret: Path) -> None:
    group.create_dataset("texts", (10**9,), h5py.string_dtype(), chunks=(10**6,))


def _one_text_many_times(group: h5py.Group, secret: Path) -> None:
    texts = group.create_dataset("texts", (20_000,), h5py.string_dtype())
    texts[0] = "x" * 100_000
    group.file.flush()
    offset = texts.id.get_offset()
    name = group.file.filename
    group.file.close()
    with Path(name).open("r+b") as stream:
        stream.seek(offset)
        once = stream.read(16)
        stream.seek(offset)
        stream.write(once * 20_000)


def _unknown_filter(group: h5py.Group, secret: Path) -> None:
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk((4,))
    made.set_filter(511, h5py.h5z.FLAG_OPTIONAL, (1,))
    h5py.h5d.create(group.id, b"packed", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((4,)), made)


HOSTILE = [
    _external_storage, _virtual_dataset, _external_link, _soft_link_through_an_external_one, _doubled_links,
    _doubled_soft_links, _circle, _depth, _product_beyond_64_bits, _texts_never_written, _one_text_many_times,
    _unknown_filter,
]  # fmt: skip


def _loom(path: Path) -> None:
    with h5py.File(path, "w") as stored:
        stored["matrix"] = np.ones((3, 2))
        stored["row_attrs/Gene"] = np.array(["Tnf", "Il6", "Csf1"], object)
        stored["col_attrs/CellID"] = np.array(["c1", "c2"], object)


def _tenx(path: Path) -> None:
    with h5py.File(path, "w") as stored:
        group = stored.create_group("matrix")
        group["barcodes"] = np.array(["c1", "c2"], object)
        group["data"], group["indices"], group["indptr"] = np.ones(2), np.array([0, 1]), np.array([0, 1, 2])
        group["shape"] = np.array([3, 2])
        for name in ("id", "name"):
            group[f"features/{name}"] = np.array(["Tnf", "Il6", "Csf1"], object)


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__.strip("_"))
@pytest.mark.parametrize("place", ["uns", "obs", "layers"])
def test_a_hostile_h5ad_is_refused_on_every_way_in(
    make_cells: Maker, tmp_path: Path, change: Change, place: str
) -> None:
    path = tmp_path / "cells.h5ad"
    make_cells().write_h5ad(path)
    with h5py.File(path, "r+") as stored:
        change(stored[place], _secret(tmp_path))
    for way in (dl.read, read_stored, read_h5ad, read_obs, open_h5ad):
        with pytest.raises(DataError):
            way(path)


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__.strip("_"))
@pytest.mark.parametrize("form", [_loom, _tenx])
def test_a_hostile_loom_or_10x_file_is_refused(tmp_path: Path, change: Change, form: Callable[[Path], None]) -> None:
    path = tmp_path / "cells.h5"
    form(path)
    with h5py.File(path, "r+") as stored:
        change(stored["row_attrs" if form is _loom else "matrix"], _secret(tmp_path))
    with pytest.raises(DataError):
        load(path)


def test_links_within_a_file_are_followed(make_cells: Maker, tmp_path: Path) -> None:
    path = tmp_path / "cells.h5ad"
    cells = make_cells()
    cells.write_h5ad(path)
    with h5py.File(path, "r+") as stored:
        stored["uns/same"] = stored["obs"]
        stored["uns/soft"] = h5py.SoftLink("/obs")
    assert read_h5ad(path).n_obs == cells.n_obs


def _zarr(cells: AnnData, path: Path) -> Path:
    import anndata

    with anndata.settings.override(zarr_write_format=2):
        cells.write_zarr(path)
    return path


def _edited(store: Path, change: Callable[[dict[str, object]], None]) -> None:
    for path in [*store.rglob(".zarray"), *store.glob(".zmetadata")]:
        content = json.loads(path.read_text())
        parts = content["metadata"].values() if path.name == ".zmetadata" else [content]
        for part in parts:
            if "shape" in part:
                change(part)
        path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "change",
    [
        {"compressor": {"id": "pickle"}},
        {"filters": [{"id": "pickle"}]},
        {"filters": [{"id": "json2"}]},
        {"shape": [2**32, 2**32]},
        {"chunks": [2**40]},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore")
def test_a_hostile_zarr_store_is_refused(make_cells: Maker, tmp_path: Path, change: dict[str, object]) -> None:
    store = _zarr(make_cells(), tmp_path / "cells.zarr")
    _edited(store, lambda array: array.update(change))
    for way in (dl.read, open_zarr):
        with pytest.raises(DataError):
            way(store)


@pytest.mark.filterwarnings("ignore")
def test_a_consolidated_member_outside_of_a_zarr_store_is_refused(make_cells: Maker, tmp_path: Path) -> None:
    store = _zarr(make_cells(), tmp_path / "cells.zarr")
    (store / ".zmetadata").write_text(
        json.dumps({"zarr_consolidated_format": 1, "metadata": {"../other/.zarray": {"shape": [1], "dtype": "<i4"}}})
    )
    with pytest.raises(DataError, match=r"\.\."):
        dl.read(store)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.filterwarnings("ignore")
def test_sound_zarr_stores_are_read(make_cells: Maker, tmp_path: Path, version: int) -> None:
    import anndata

    cells = make_cells()
    with anndata.settings.override(zarr_write_format=version):
        cells.write_zarr(tmp_path / "cells.zarr")
    assert dl.read(tmp_path / "cells.zarr").n_obs == cells.n_obs
