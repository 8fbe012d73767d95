"""Whatever form the matrix has, and however little is in it: the same table, or one clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import dolor as dl
from dolor.core.errors import DataError

Maker = Callable[..., AnnData]

GENES = [f"Gene{i}" for i in range(30)]
PAIRS = pd.DataFrame({
    "interaction_id": ["one", "complex", "alternatives"],
    "ligand": ["Gene0", "Gene2", "Gene5|Gene6"],
    "receptor": ["Gene1", "Gene3+Gene4", "Gene7"],
})  # fmt: skip
REFERENCE = {"condition": "naive", "sex": "male"}


@pytest.fixture
def labelled(make_cells: Maker) -> AnnData:
    """Cells of two types in eight samples, two an arm."""
    cells = make_cells(160, GENES, n_samples=8)
    cells.obs["cell_type"] = np.where(np.arange(160) // 8 % 2 == 0, "macrophage", "neuron")
    return cells


def scored(cells: AnnData | Path) -> pd.DataFrame:
    """Scores of cells, or of a file of cells; the trimean is computed in memory only unless asked for."""
    return dl.tl.score(dl.tl.profiles(cells, PAIRS, trimean=True), PAIRS)


def contrasted(cells: AnnData) -> pd.DataFrame:
    return dl.tl.contrast(dl.tl.profiles(cells, PAIRS), PAIRS, reference=REFERENCE)


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def shuffled_indices(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """The same matrix, the columns of each row stored backwards."""
    turned = counts.copy()
    for start, end in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        turned.indices[start:end] = counts.indices[start:end][::-1]
        turned.data[start:end] = counts.data[start:end][::-1]
    turned.has_sorted_indices = False
    return turned


def explicit_zeros(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """The same matrix, every zero stored."""
    full = np.repeat(np.arange(counts.shape[1])[None], counts.shape[0], axis=0).ravel()
    ends = np.arange(counts.shape[0] + 1) * counts.shape[1]
    return sparse.csr_matrix((counts.toarray().ravel(), full, ends), shape=counts.shape)


def long_indices(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """The same matrix with 64-bit indices."""
    long = counts.copy()
    long.indices, long.indptr = counts.indices.astype(np.int64), counts.indptr.astype(np.int64)
    return long


FORMS = {
    "dense": lambda counts: counts.toarray(),
    "dense Fortran": lambda counts: np.asfortranarray(counts.toarray()),
    "csc": sparse.csc_matrix,
    "csr array": sparse.csr_array,
    "unsorted": shuffled_indices,
    "explicit zeros": explicit_zeros,
    "long indices": long_indices,
    **{f"csr {kind}": lambda counts, kind=kind: counts.astype(kind) for kind in ("f4", "f8", "i4", "i8", "u2")},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_storage_gives_the_same_tables(labelled: AnnData, form: str, tmp_path: Path) -> None:
    expected = scored(labelled)
    labelled.layers["counts"] = FORMS[form](labelled.layers["counts"])
    before = np.asarray(sparse.csr_matrix(labelled.layers["counts"]).toarray())
    assert_same(scored(labelled), expected)
    np.testing.assert_array_equal(sparse.csr_matrix(labelled.layers["counts"]).toarray(), before)
    labelled.write_h5ad(tmp_path / "cells.h5ad")
    assert_same(scored(tmp_path / "cells.h5ad"), expected)


def test_views_and_backed_objects_give_the_same_tables(labelled: AnnData, tmp_path: Path) -> None:
    wider = anndata.concat([labelled, labelled[:8].copy()], index_unique="-")
    wider.obs_names = [name.removesuffix("-0") for name in wider.obs_names]
    view = wider[: labelled.n_obs]
    assert view.is_view
    expected = scored(labelled)
    assert_same(scored(view), expected)
    assert view.is_view
    labelled.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    try:
        assert_same(scored(backed), expected)
    finally:
        backed.file.close()


def test_x_is_never_taken_for_counts_where_there_are_counts(labelled: AnnData) -> None:
    expected = scored(labelled)
    labelled.X = np.full(labelled.shape, -7.5)
    assert_same(scored(labelled), expected)


@pytest.mark.parametrize("level", [0, 3])
def test_a_gene_of_one_value_gives_finite_scores_and_no_discovery(labelled: AnnData, level: int) -> None:
    """A gene that no cell has, and one that every cell has alike."""
    counts = labelled.layers["counts"].toarray()
    counts[:, 0] = level
    labelled.layers["counts"] = sparse.csr_matrix(counts)
    scores, contrasts = scored(labelled), contrasted(labelled)
    of_gene = scores[scores["interaction_id"] == "one"]
    assert np.isfinite(of_gene[["score", "lr_means", "pvalue"]]).all().all()
    assert of_gene["pvalue"].gt(0).all()
    changed = contrasts[contrasts["interaction_id"] == "one"]
    if level == 3:
        assert changed["pvalue"].dropna().gt(1e-6).all()
    else:
        assert (changed["present_ligand"] == "absent").all()
        assert not (changed["status"] == "tested").any()
        assert changed["qvalue"].isna().all()
        assert of_gene["flags"].str.contains("low_detection").all()


def test_one_cell_type_sends_to_itself(labelled: AnnData) -> None:
    labelled.obs["cell_type"] = "neuron"
    scores, contrasts = scored(labelled), contrasted(labelled)
    assert set(zip(scores["sender"], scores["receiver"], strict=True)) == {("neuron", "neuron")}
    assert scores["pvalue"].between(0, 1, inclusive="right").all()
    assert (contrasts["status"] == "tested").any()


def test_one_cell_is_scored_and_flagged(labelled: AnnData) -> None:
    alone = labelled[:1].copy()
    profiles = dl.tl.profiles(alone, PAIRS)
    scores = dl.tl.score(profiles, PAIRS)
    assert len(scores) == len(PAIRS)
    assert scores["flags"].str.contains("few_cells").all()
    assert scores["pvalue"].between(0, 1, inclusive="right").all()
    contrasts = dl.tl.contrast(profiles, PAIRS, reference=REFERENCE)
    assert set(contrasts["status"]) == {"untestable"}
    assert contrasts["reason"].astype(str).str.contains("all 1 samples have the condition 'naive'").any()
    shifts = dl.tl.composition(profiles, "~ condition * sex", REFERENCE)
    assert set(shifts["status"]) == {"untestable"}


def test_one_donor_is_described_and_never_tested(labelled: AnnData) -> None:
    """Many samples of one animal an arm are one replicate each."""
    labelled.obs["donor_id"] = labelled.obs["condition"]
    labelled.obs["sex"] = "female"
    contrasts = contrasted(labelled)
    assert not (contrasts["status"] == "tested").any()
    described = contrasts[contrasts["status"] == "described"]
    assert len(described)
    assert described["pvalue"].isna().all()
    assert set(described["reason_code"]) == {"few_samples"}


@pytest.mark.parametrize(
    ("cells", "genes", "message"),
    [(0, 30, "has 0 cells and 30 genes"), (60, 0, "has 60 cells and 0 genes")],
)
def test_nothing_to_read_is_said(make_cells: Maker, cells: int, genes: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        dl.read(make_cells()[:cells, :genes].copy(), organism="mouse")


@pytest.mark.parametrize("kind", [sparse.csr_matrix, np.asarray])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda counts: np.log1p(counts), "not integers.*look normalised"),
        (lambda counts: (counts - counts.mean(axis=0)) / counts.std(axis=0), "negative values.*look scaled"),
        (lambda counts: np.where(counts == counts.max(), np.nan, counts), "NaN or infinite"),
        (lambda counts: np.where(counts == counts.max(), np.inf, counts), "NaN or infinite"),
        (lambda counts: counts + 0.25, r"not integers \(such as"),
        (lambda counts: counts * 1e10, "is no count of transcripts"),
    ],
)
def test_values_that_are_no_counts_are_refused_by_the_reader(
    make_cells: Maker, kind: Callable[[np.ndarray], object], spoil: Callable[[np.ndarray], np.ndarray], message: str
) -> None:
    cells = make_cells()
    cells.layers["counts"] = kind(spoil(cells.layers["counts"].toarray().astype(float)))
    with pytest.raises(DataError, match=message) as caught:
        dl.read(cells, organism="mouse", name="file.h5ad")
    assert str(caught.value).startswith("file.h5ad")


@pytest.mark.parametrize("kind", [object, bool, str, complex])
def test_a_matrix_that_holds_no_counts_by_its_type_is_refused(make_cells: Maker, kind: type) -> None:
    cells = make_cells()
    cells.layers["counts"] = cells.layers["counts"].toarray().astype(kind)
    with pytest.raises(DataError, match="the counts are stored as .*, not as numbers"):
        dl.read(cells, organism="mouse")
