"""Profiles equal plain sums over cells, whatever the cells lie in."""

import zlib

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from dolor.core.errors import DataError, IntegrityError
from dolor.pseudobulk.profiles import profiles

GENES = [f"G{i}" for i in range(12)]
LAYERS = ("psbulk", "psbulk_props", "lognorm_s1", "lognorm_s2", "lognorm_s3", "per_10k_s1")
CROSS = ("s11", "s21", "s12")


def normalised(cells):
    counts = cells.layers["counts"].toarray().astype(float)
    linear = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) * 1e4
    return counts, linear, np.log1p(linear)


def set_first(cells, column, value):
    cells.obs[column] = [value, *cells.obs[column][1:]]


def moments(profiles):
    """Cross moments by sample and genes, whichever gene of a pair is stored first."""
    stored, found = profiles.uns["dolor_pairs"], {}
    for row, sample in enumerate(stored["sample_id"]):
        for i, (a, b) in enumerate(zip(stored["first"], stored["second"], strict=True)):
            s11, s21, s12 = (stored[name][row, i] for name in CROSS)
            found[(sample, *sorted((a, b)))] = (s11, s21, s12) if a < b else (s11, s12, s21)
    return found


def assert_same(one, other, exact=False):
    assert one.obs_names.equals(other.obs_names)
    pd.testing.assert_frame_equal(one.obs, other.obs)
    close = np.array_equal if exact else np.allclose
    for name in LAYERS:
        assert close(one.layers[name], other.layers[name]), name
    mine, theirs = moments(one), moments(other)
    assert mine.keys() == theirs.keys()
    assert close(np.array([mine[key] for key in mine]), np.array([theirs[key] for key in mine]))


def test_rows_are_plain_sums_over_the_cells_of_a_group(cells, pairs):
    found = profiles(cells, pairs, genes=["G11"])
    counts, linear, x = normalised(cells)
    keep = [GENES.index(gene) for gene in found.var_names]
    assert set(found.var_names) == set(GENES) - {"G10"}
    for row, name in enumerate(found.obs_names):
        sample, kind = name.split("|")
        mask = ((cells.obs["sample_id"] == sample) & (cells.obs["cell_type"] == kind)).to_numpy()
        assert found.obs["n_cells"].iloc[row] == mask.sum()
        assert found.obs["n_counts"].iloc[row] == counts[mask].sum()
        assert np.allclose(found.X[row], counts[mask][:, keep].sum(axis=0))
        assert np.allclose(found.layers["psbulk_props"][row], (counts[mask][:, keep] > 0).mean(axis=0))
        assert np.allclose(found.layers["per_10k_s1"][row], linear[mask][:, keep].sum(axis=0))
        for power in (1, 2, 3):
            assert np.allclose(found.layers[f"lognorm_s{power}"][row], (x[mask][:, keep] ** power).sum(axis=0))
        whole = found.obs[["lognorm_s1", "lognorm_s2", "lognorm_max"]].iloc[row]
        assert np.allclose(whole, [x[mask].sum(), (x[mask] ** 2).sum(), x[mask].max()])


def test_cross_moments_are_sums_over_the_labelled_cells_of_a_sample(cells, pairs):
    stored = profiles(cells, pairs).uns["dolor_pairs"]
    x = pd.DataFrame(normalised(cells)[2], columns=GENES)
    pairs = set(zip(stored["first"], stored["second"], strict=True))
    assert {("G3", "G4"), ("G6", "G7"), ("G9", "G9"), ("G7", "G8")} <= pairs
    for row, sample in enumerate(stored["sample_id"]):
        mask = ((cells.obs["sample_id"] == sample) & (cells.obs["cell_type"] != "unassigned")).to_numpy()
        a, b = x.loc[mask, stored["first"]].to_numpy(), x.loc[mask, stored["second"]].to_numpy()
        assert np.allclose(stored["s11"][row], (a * b).sum(axis=0))
        assert np.allclose(stored["s21"][row], (a * a * b).sum(axis=0))
        assert np.allclose(stored["s12"][row], (a * b * b).sum(axis=0))


@pytest.mark.parametrize("size", [1, 17, 400])
def test_the_size_of_a_chunk_changes_no_bit(cells, size, pairs):
    assert_same(profiles(cells, pairs, chunk_size=size), profiles(cells, pairs), exact=True)


@pytest.mark.parametrize("size", [1, 50, 10**6])
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, lambda x: x.toarray()])
def test_memory_and_file_of_every_form_agree(cells, form, size, tmp_path, pairs):
    expected = profiles(cells, pairs)
    cells.layers["counts"] = form(cells.layers["counts"])
    assert_same(profiles(cells, pairs, chunk_size=size), expected)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert_same(profiles(tmp_path / "cells.h5ad", pairs, chunk_size=size), expected)


@pytest.mark.parametrize("size", [7, 64, 10**6])
@pytest.mark.parametrize("stored", [{"compression": "gzip"}, {"compression": "lzf"}, {"shuffle": True}, {}])
def test_a_file_in_chunks_is_read_whatever_they_are_packed_with(cells, stored, size, tmp_path, pairs):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    with h5py.File(tmp_path / "cells.h5ad", "a") as file:
        counts = file["layers/counts"]
        for name in ("data", "indices"):
            values = counts[name][:]
            del counts[name]
            counts.create_dataset(name, data=values, chunks=(100,), **stored)
    assert_same(profiles(tmp_path / "cells.h5ad", pairs, chunk_size=size), profiles(cells, pairs), exact=True)


def test_a_chunk_that_cannot_be_unpacked_is_named(cells, tmp_path, pairs):
    path = tmp_path / "cells.h5ad"
    cells.write_h5ad(path, compression="gzip")
    with h5py.File(path) as file:
        place = file["layers/counts/data"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[place.byte_offset : place.byte_offset + place.size] = b"\7" * place.size
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="counts.*cannot be read to its end.*unpacked"):
        profiles(path, pairs)


@pytest.mark.parametrize("size", [10, 10**6])
def test_a_chunk_of_another_size_is_refused_without_unpacking_it_whole(cells, size, tmp_path, pairs):
    cells.write_h5ad(tmp_path / "cells.h5ad", compression="gzip")
    with h5py.File(tmp_path / "cells.h5ad", "a") as file:
        file["layers/counts/data"].id.write_direct_chunk((0,), zlib.compress(b"\0" * size))
    with pytest.raises(IntegrityError, match="does not unpack to the"):
        profiles(tmp_path / "cells.h5ad", pairs)


def test_the_order_of_cells_genes_and_categories_changes_nothing(cells, pairs):
    expected = profiles(cells, pairs)
    random = np.random.default_rng(1)
    mixed = cells[random.permutation(cells.n_obs), random.permutation(cells.n_vars)].copy()
    mixed.obs["cell_type"] = pd.Categorical(mixed.obs["cell_type"], sorted(set(mixed.obs["cell_type"]))[::-1])
    assert_same(profiles(mixed, pairs)[:, expected.var_names], expected)


def test_a_gene_more_changes_library_sizes_only_if_it_has_counts(cells, pairs):
    expected = profiles(cells, pairs)
    wider = sparse.hstack([cells.layers["counts"], sparse.csr_matrix((cells.n_obs, 1))]).tocsr()
    var = pd.DataFrame(index=[*GENES, "Unrelated"])
    found = profiles(anndata.AnnData(obs=cells.obs, var=var, layers={"counts": wider}), pairs)
    assert_same(found[:, expected.var_names], expected)


def test_what_is_constant_in_a_sample_is_kept_and_a_missing_cell_type_has_no_row(cells, pairs):
    cells = cells[~((cells.obs["sample_id"] == "s1") & (cells.obs["cell_type"] == "neuron"))].copy()
    cells.obs["own"] = np.arange(cells.n_obs)
    found = profiles(cells, pairs)
    assert "batch" in found.obs
    assert "own" not in found.obs
    assert "s1|neuron" not in found.obs_names
    assert "s0|unassigned" in found.obs_names
    assert list(found.obs_names) == sorted(found.obs_names)


def test_profiles_survive_a_file(cells, tmp_path, pairs):
    found = profiles(cells, pairs)
    found.write_h5ad(tmp_path / "profiles.h5ad")
    back = anndata.read_h5ad(tmp_path / "profiles.h5ad")
    for name in CROSS:
        assert np.array_equal(back.uns["dolor_pairs"][name], found.uns["dolor_pairs"][name])


def test_all_genes_are_kept_without_interactions(cells, pairs):
    found = profiles(cells)
    assert list(found.var_names) == GENES
    assert "dolor_pairs" not in found.uns


@pytest.mark.parametrize("form", [list, tuple, np.array, pd.Index, iter])
def test_genes_to_keep_may_be_any_iterable(cells, form):
    assert list(profiles(cells, genes=form(["G7", "G2"])).var_names) == ["G2", "G7"]


def test_no_genes_to_keep_are_none_and_not_all(cells):
    assert profiles(cells, genes=np.array([], dtype=str)).n_vars == 0


def test_a_cell_without_counts_is_counted_and_adds_nothing(cells, pairs):
    cells.layers["counts"] = sparse.diags_array((np.arange(cells.n_obs) > 0).astype(float)) @ cells.layers["counts"]
    found = profiles(cells, pairs)
    assert found.obs["n_cells"].sum() == cells.n_obs
    assert np.isfinite(found.layers["lognorm_s3"]).all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c.obs.pop("condition"), r"no column 'condition'"),
        (lambda c: c.obs.pop("cell_type"), r"lacks the column\(s\) cell_type"),
        (
            lambda c: set_first(c, "cell_type", None),
            "'cell_type'.*empty for 1",
        ),
        (lambda c: set_first(c, "sex", "male"), "'sex'.*several values within one sample"),
        (lambda c: c.layers.pop("counts"), "layer 'counts'"),
        (lambda c: setattr(c, "var_names", ["G0", *GENES[:-1]]), "duplicated.*G0"),
        (lambda c: c.layers["counts"].data.__setitem__(0, 0.5), "not integers"),
        (lambda c: c.layers["counts"].data.__setitem__(0, -1), "negative"),
        (lambda c: c.layers["counts"].data.__setitem__(0, np.nan), "NaN"),
    ],
)
def test_bad_cells_are_refused_with_one_clear_sentence(cells, spoil, message, pairs):
    spoil(cells)
    with pytest.raises(DataError, match=message):
        profiles(cells, pairs)


def test_a_broken_sparse_matrix_is_refused_before_the_kernels_see_it(cells, pairs):
    cells.layers["counts"].indices[3] = 10_000
    with pytest.raises(IntegrityError, match="index is out of range"):
        profiles(cells, pairs)
