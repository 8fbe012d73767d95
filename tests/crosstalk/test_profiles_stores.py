"""Profiles of a zarr store and of a SOMA experiment equal those of the same cells in memory."""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from dolor.core.errors import DataError, IntegrityError, MissingExtra
from dolor.io.matrix.soma import open_soma
from dolor.pseudobulk.profiles import profiles

LAYERS = ("psbulk", "psbulk_props", "lognorm_s1", "lognorm_s2", "lognorm_s3", "per_10k_s1")
# SOMA's own code meets newer versions of what it uses.
soma_noise = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def assert_same(one, other):
    pd.testing.assert_frame_equal(one.obs, other.obs)
    for name in LAYERS:
        assert np.allclose(one.layers[name], other.layers[name], rtol=1e-12), name
    for name in ("s11", "s21", "s12"):
        assert np.allclose(one.uns["dolor_pairs"][name], other.uns["dolor_pairs"][name], rtol=1e-12)


def write_zarr(cells, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cells.write_zarr(path)
    return path


@pytest.mark.parametrize("size", [400, 10**6])
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, lambda x: x.toarray()])
def test_a_zarr_store_of_every_form(cells, pairs, tmp_path, form, size):
    expected = profiles(cells, pairs)
    cells.layers["counts"] = form(cells.layers["counts"])
    store = write_zarr(cells, tmp_path / "cells.zarr")
    assert_same(profiles(store, pairs, chunk_size=size), expected)
    assert_same(profiles(str(store), pairs, chunk_size=size), expected)


def test_a_zarr_store_that_lacks_a_part_or_points_outside(cells, pairs, tmp_path):
    store = write_zarr(cells, tmp_path / "cells.zarr")
    parts = sorted(path for path in (store / "layers" / "counts" / "data").rglob("*") if path.name == "0")
    kept = parts[0].read_bytes()
    parts[0].unlink()
    with pytest.raises(IntegrityError, match=r"1 of 1 parts of layers\['counts'\] are missing"):
        profiles(store, pairs)
    parts[0].write_bytes(kept[: len(kept) // 2])
    with pytest.raises(IntegrityError, match="cannot be read to its end"):
        profiles(store, pairs)
    parts[0].unlink()
    parts[0].symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="is a link"):
        profiles(store, pairs)


def test_a_zarr_store_without_counts_or_genes(cells, pairs, tmp_path):
    counts = cells.layers.pop("counts")
    store = write_zarr(cells, tmp_path / "bare.zarr")
    with pytest.raises(DataError, match="no layer 'counts'"):
        profiles(store, pairs)
    cells.layers["counts"] = counts
    store = write_zarr(cells, tmp_path / "cells.zarr")
    shutil.rmtree(store / "var" / "_index")
    with pytest.raises(IntegrityError, match="1 of 1 parts of var are missing|obs or var cannot be read"):
        profiles(store, pairs)


def test_a_folder_that_is_no_store(pairs, tmp_path):
    with pytest.raises(DataError, match="not a regular file"):
        profiles(tmp_path, pairs)


@pytest.fixture
def experiment(cells, tmp_path):
    """The cells as SOMA's own writer lays them out."""
    soma_io = pytest.importorskip("tiledbsoma.io", reason="needs the extra 'census'")
    address = str(tmp_path / "experiment")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        soma_io.from_anndata(address, cells, measurement_name="RNA", X_layer_name="data")
    return address


@soma_noise
@pytest.mark.parametrize("size", [700, 10**6])
def test_a_soma_experiment(cells, pairs, experiment, size):
    assert_same(profiles(experiment, pairs, chunk_size=size), profiles(cells, pairs))


@soma_noise
def test_some_cells_of_a_soma_experiment(cells, pairs, experiment):
    some = open_soma(experiment, where="sample_id in ['s0', 's2'] and cell_type != 'unassigned'")
    chosen = cells[cells.obs["sample_id"].isin(["s0", "s2"]) & (cells.obs["cell_type"] != "unassigned")].copy()
    assert len(some.obs) == chosen.n_obs
    assert_same(profiles(some, pairs), profiles(chosen, pairs))


@soma_noise
def test_a_soma_experiment_whose_columns_have_other_names(cells, pairs, tmp_path):
    """As in a Census: in a collection, with its own names of columns, genes with an identifier and a symbol."""
    soma = pytest.importorskip("tiledbsoma", reason="needs the extra 'census'")
    soma_io = pytest.importorskip("tiledbsoma.io", reason="needs the extra 'census'")
    expected = profiles(cells, pairs)
    cells.obs = cells.obs.rename(columns={"condition": "disease"})
    cells.var["feature_name"], cells.X = cells.var_names, cells.layers.pop("counts")
    cells.var_names = [f"ENS{i}" for i in range(cells.n_vars)]
    address = str(tmp_path / "census")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with soma.Collection.create(address) as root:
            data = root.add_new_collection("census_data")
            soma_io.from_anndata(f"{data.uri}/mus_musculus", cells, measurement_name="RNA", X_layer_name="raw")
            data.set("mus_musculus", soma.Experiment.open(f"{data.uri}/mus_musculus"), use_relative_uri=True)
    renamed = open_soma(
        address, member="census_data/mus_musculus", prepare=lambda obs: obs.rename(columns={"disease": "condition"})
    )
    assert_same(profiles(renamed, pairs), expected)
    with pytest.raises(DataError, match="is no SOMA experiment but a Collection of census_data; name the one to read"):
        profiles(address, pairs)


@soma_noise
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"where": "sample_id == 'none'"}, "no cells where sample_id == 'none'; loosen the query"),
        ({"measurement": "ATAC"}, "no measurement 'ATAC'; it has RNA"),
        ({"where": "tisue == 'x'"}, "cannot be read as a SOMA experiment"),
        ({"member": "census_data"}, "cannot be read as a SOMA experiment"),
    ],
)
def test_what_a_soma_experiment_does_not_have(experiment, options, message):
    with pytest.raises(DataError, match=message):
        open_soma(experiment, **options)


@soma_noise
def test_a_soma_experiment_without_raw_counts(cells, pairs, tmp_path):
    soma_io = pytest.importorskip("tiledbsoma.io", reason="needs the extra 'census'")
    cells.X = cells.layers.pop("counts") * 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        soma_io.from_anndata(str(tmp_path / "data"), cells, measurement_name="RNA", X_layer_name="data")
        soma_io.from_anndata(str(tmp_path / "raw"), cells, measurement_name="RNA", X_layer_name="raw")
    with pytest.raises(DataError, match="no layer 'counts' or 'raw' with raw counts; it has data"):
        profiles(tmp_path / "data", pairs)
    with pytest.raises(DataError, match="not integers"):
        profiles(tmp_path / "raw", pairs)


def test_soma_without_its_package_names_the_extra(monkeypatch, tmp_path):
    (tmp_path / "__group").mkdir()
    monkeypatch.setitem(sys.modules, "tiledbsoma", None)
    with pytest.raises(MissingExtra, match=r"dolor\[census\]"):
        profiles(Path(tmp_path))
