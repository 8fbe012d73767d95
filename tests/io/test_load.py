"""Every format gives the same matrix, told by content and not by name."""

from __future__ import annotations

import importlib.util
import io
import shutil
import tarfile
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dolor.core.errors import DataError, DolorError, IntegrityError
from dolor.io.detect import load

MAKE = Path(__file__).parents[1] / "make_formats"
_spec = importlib.util.spec_from_file_location("formats", MAKE / "formats.py")
formats = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(formats)


def dense(adata: object) -> np.ndarray:
    return np.asarray(adata.X.todense())


@pytest.mark.parametrize("kind", formats.MAKERS)
def test_every_format_gives_the_same_matrix(kind: str, tmp_path: Path) -> None:
    found = load(formats.MAKERS[kind](tmp_path))
    np.testing.assert_array_equal(dense(found), formats.COUNTS)
    assert found.var_names.tolist() == formats.GENES
    assert found.obs_names.tolist() == formats.CELLS


@pytest.mark.parametrize("kind", ["10x h5 v3", "loom", "tsv", "tar", "zip"])
def test_the_name_of_a_file_does_not_matter(kind: str, tmp_path: Path) -> None:
    path = shutil.move(formats.MAKERS[kind](tmp_path), tmp_path / "some file.pdf")
    np.testing.assert_array_equal(dense(load(path)), formats.COUNTS)


def test_samples_of_an_archive_are_told_apart(tmp_path: Path) -> None:
    for sample in ("GSM1_ctrl", "GSM2_sni"):
        formats.tenx_mtx(tmp_path / "flat", prefix=f"{sample}_")
        formats.tenx_mtx(tmp_path / "folders" / sample / "filtered_feature_bc_matrix")
        formats.tenx_h5(tmp_path / f"{sample}_filtered_feature_bc_matrix.h5")
    found = [load(formats.archive(tmp_path / "RAW.tar", tmp_path / name)) for name in ("flat", "folders")]
    shutil.rmtree(tmp_path / "flat")
    shutil.rmtree(tmp_path / "folders")
    (tmp_path / "RAW.tar").unlink()
    for one in (*found, load(tmp_path)):
        assert one.obs_names[::4].tolist() == ["GSM1_ctrl_AAAA-1", "GSM2_sni_AAAA-1"]
        np.testing.assert_array_equal(dense(one), np.vstack([formats.COUNTS] * 2))
    assert found[0].obs["file"].unique().tolist() == ["GSM1_ctrl_matrix.mtx.gz", "GSM2_sni_matrix.mtx.gz"]


def test_zarr_stores(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load(formats.MAKERS["10x h5 v3"](tmp_path)).write_zarr(path)
    np.testing.assert_array_equal(dense(load(path)), formats.COUNTS)
    (path / "obs" / "secret").symlink_to("/etc/passwd")
    with pytest.raises(DataError, match="'secret' is a link"):
        load(path)
    (path / "obs" / "secret").unlink()
    for file in (path / "X").rglob("*"):
        if file.is_file():
            file.write_bytes(b"junk")
    with pytest.raises(DolorError, match=r"a\.zarr"):
        load(path)


def test_rows_that_describe_the_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("cell,c1,c2\nidentity,NP,PEP\nSex,1,0\nXist,3,0\nActb,1,2\n")
    found = load(path, annotation_rows=2)
    assert found.obs["identity"].tolist() == ["NP", "PEP"]
    assert found.obs["Sex"].tolist() == ["1", "0"]
    np.testing.assert_array_equal(dense(found), [[3, 1], [0, 2]])


def test_ids_and_symbols_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("gene_id\tsymbol\tc1\tc2\nENSMUSG00000086503\tXist\t3\t0\nENSMUSG00000029580\tActb\t1e+05\t2\n")
    found = load(path)
    assert found.var_names.tolist() == ["Xist", "Actb"]
    assert found.var["gene_id"].tolist() == ["ENSMUSG00000086503", "ENSMUSG00000029580"]
    np.testing.assert_array_equal(dense(found), [[3, 100_000], [0, 2]])


@pytest.mark.parametrize(
    "name",
    ["dgCMatrix", "version2", "plain", "xz", "dgTMatrix", "dgRMatrix", "data_frame", "data_frame_with_gene_column",
     "dense", "twice"],
)  # fmt: skip
def test_files_of_r(name: str) -> None:
    found = load(next((MAKE / "r").glob(f"{name}.rds*")))
    np.testing.assert_array_equal(dense(found), formats.COUNTS)
    assert found.var_names.tolist() == formats.GENES
    assert found.obs_names[1] == "male_C57_Crush_168_rep1_Repair schwann_N_bcAAAB"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ascii.rds", "an R file in text form"),
        ("workspace.RData", "an R workspace; load it in R"),
        ("function.rds", "no matrix"),
        ("seurat.rds", "its Seurat object holds no assay"),
        ("no_names.rds", "no names of genes"),
        ("metadata.rds", "column 'sex' of its data frame holds no numbers"),
    ],
)
def test_files_of_r_that_are_no_matrix(name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(MAKE / "r" / name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g,c1,c2\nXist,1,2\nActb,1\n", "'Actb' holds 1 values where the rows above hold 2"),
        ("g,c1,c2\nXist,1,2\nActb,1,NA\n", "'Actb' holds 'NA', which is no number"),
        ("g,c1,c2\nXist,1,2\nActb,1,\n", "'Actb' holds '', which is no number"),
        ("g,c1,c2,c3,c4\nXist,1,2\n", "the header names 5 columns where the rows hold 2 values"),
        ("g,c1,c2\n", "holds one line"),
        ("g,c1\nXist,a\nActb,b\n", "no row of numbers"),
        ('!Series_title\t"x"\n', "a series matrix of GEO.*name it as metadata"),
    ],
)
def test_texts_that_are_no_table(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        load(path)


def test_mtx_that_does_not_hold_what_it_promises(tmp_path: Path) -> None:
    folder = formats.tenx_mtx(tmp_path / "a", version=2)
    path, whole = folder / "matrix.mtx", (folder / "matrix.mtx").read_text()
    for broken, message in (
        (whole.rsplit("\n", 3)[0] + "\n", "does not hold what its header promises"),
        (whole.replace("6 4 ", "6 5 "), "there are 4 barcodes"),
        (whole.replace("6 4 20", "6000000 4000000 19000000"), "more than the file can hold"),
        (whole.replace("\n1 1 ", "\n99 1 ", 1), "does not hold what its header promises"),
    ):
        assert broken != whole
        path.write_text(broken)
        with pytest.raises(DataError, match=message):
            load(folder)
    path.write_text(whole)
    (folder / "barcodes.tsv").unlink()
    with pytest.raises(DataError, match="has no file of barcodes beside it"):
        load(folder)


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil"])  # noqa: S108
def test_archives_that_would_write_elsewhere(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as target:
        target.addfile(tarfile.TarInfo(name), io.BytesIO())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        target.writestr(name, "x")
    for path in (tmp_path / "a.tar", tmp_path / "a.zip"):
        with pytest.raises(DataError, match="outside of its folder"):
            load(path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_archives_with_links_and_devices(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("matrix.mtx")
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "a.tar", "w") as target:
        target.addfile(member)
    with pytest.raises(DataError, match="is a link or a device"):
        load(tmp_path / "a.tar")


def test_loom_files_with_odd_attributes(tmp_path: Path) -> None:
    path = formats.loom(tmp_path / "a.loom")
    with h5py.File(path, "a") as file:
        file["col_attrs/TooShort"] = np.array(["a"], "S")
        file["col_attrs/Pair"] = np.zeros(4, dtype=[("x", "f4"), ("y", "i4")])
        file["col_attrs/Latin"] = np.array(["na\xefve".encode("latin-1")] * 4)
        file.create_group("row_attrs/AGroup")
    found = load(path)
    np.testing.assert_array_equal(dense(found), formats.COUNTS)
    assert found.obs_names.tolist() == formats.CELLS
    assert set(found.obs) == {"CellID", "ClusterName", "Latin"}
    with h5py.File(path, "a") as file:
        del file["row_attrs/Gene"], file["row_attrs/Accession"]
    with pytest.raises(DataError, match=r"a\.loom: names its genes under none of Gene"):
        load(path)


@pytest.mark.parametrize("kind", ["tsv gz", "tar gz", "10x h5 gz", "10x h5 v3", "loom"])
def test_files_cut_short(kind: str, tmp_path: Path) -> None:
    path = formats.MAKERS[kind](tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((IntegrityError, DataError)):
        load(path)


SEEDS = ["10x h5 v3", "tsv", "tsv gz", "loom", "tar", "zip"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from([*SEEDS, "rds"]), place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=8))
def test_readers_raise_nothing_but_our_own_errors(tmp_path: Path, kind: str, place: float, junk: bytes) -> None:
    folder = tmp_path / kind
    if not folder.exists():
        folder.mkdir()
        if kind == "rds":
            shutil.copy(MAKE / "r" / "plain.rds", folder / "seed")
        else:
            shutil.move(formats.MAKERS[kind](folder), folder / "seed")
    content = (folder / "seed").read_bytes()
    start = int(place * (len(content) - 1))
    broken = tmp_path / "broken"
    broken.write_bytes(content[:start] + junk + content[start + len(junk) :])
    try:
        load(broken)
    except DolorError as error:
        assert str(error).startswith(str(tmp_path)) or "dolor-" in str(error)  # noqa: PT017
