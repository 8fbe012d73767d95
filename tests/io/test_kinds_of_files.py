"""Files that people have: each kind is read to the right values, or refused with a reason."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import io as scipy_io
from scipy import sparse

import dolor as dl
from dolor.core.errors import DataError
from dolor.io.read import read_stored

pytestmark = pytest.mark.filterwarnings("ignore:Variable names are not unique")
RDS = Path(__file__).parents[1] / "make_formats" / "r"
GENES = ["Tnf", "Il1b", "Il6", "Cx3cr1", "Csf1r", "Calca", "Trpv1", "Ccl2", "Actb", "Gapdh"]
IDS = {"Tnf": "ENSMUSG00000024401", "Csf1r": "ENSMUSG00000024621", "Calca": "ENSMUSG00000030669"}
COUNTS = np.random.default_rng(0).poisson(3, (6, len(GENES)))
FIELDS = {"sample_id": "=s1", "condition": "=naive"}


def read(source: Path | AnnData, **options: object) -> AnnData:
    return dl.read(source, organism="mouse", **{"fields": FIELDS, **options})


def values(cells: AnnData, genes: list[str] = GENES) -> np.ndarray:
    return cells[:, genes].layers["counts"].toarray()


def plain(counts: np.ndarray = COUNTS, genes: list[str] = GENES) -> AnnData:
    obs = pd.DataFrame({"sample_id": "s1", "condition": "naive"}, index=[f"c{i}" for i in range(len(counts))])
    return AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=pd.DataFrame(index=genes))


def tenx(folder: Path, counts: np.ndarray, features: list[str], prefix: str = "", name: str = "matrix.mtx") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    scipy_io.mmwrite(folder / f"{prefix}{name}", sparse.coo_matrix(counts.T), field="integer")
    (folder / f"{prefix}features.tsv").write_text("\n".join(features) + "\n")
    (folder / f"{prefix}barcodes.tsv").write_text("".join(f"B{i}\n" for i in range(len(counts))))


def test_small_integer_types_do_not_wrap_when_rows_of_one_gene_are_added() -> None:
    cells = plain(np.full((3, 2), 200), ["Tnf", "Tnf"])
    cells.X = cells.X.astype(np.uint8)
    assert values(read(cells), ["Tnf"]).ravel().tolist() == [400, 400, 400]


@pytest.mark.parametrize("container", ["memory", "h5ad", "mtx"])
def test_antibodies_are_not_added_to_genes(tmp_path: Path, container: str) -> None:
    counts = np.hstack([COUNTS, np.full((6, 2), 900)])
    kinds = ["Gene Expression"] * len(GENES) + ["Antibody Capture"] * 2
    cells = plain(counts, [*GENES, "Tnf", "Il6"])
    cells.var["feature_types"] = kinds
    source: Path | AnnData = cells
    if container == "h5ad":
        source = tmp_path / "cells.h5ad"
        cells.write_h5ad(source)
    elif container == "mtx":
        source = tmp_path / "sample"
        names = [f"id{i}\t{gene}\t{kind}" for i, (gene, kind) in enumerate(zip(cells.var_names, kinds, strict=True))]
        tenx(source, counts, names)
    found = read(source)
    np.testing.assert_array_equal(values(found), COUNTS)
    assert [number for reason, number in found.uns["dropped"].items() if "antibodies" in reason] == [2]


@pytest.mark.parametrize("layout", ["outs", "starsolo", "h5"])
def test_filtered_droplets_are_read_and_raw_ones_counted(tmp_path: Path, layout: str) -> None:
    names = {"outs": "{}_feature_bc_matrix", "starsolo": "Gene/{}", "h5": "{}_feature_bc_matrix"}[layout]
    for kind, n_cells in (("raw", 6), ("filtered", 3)):
        folder = tmp_path / "run" / names.format(kind)
        tenx(folder, COUNTS[:n_cells], [f"x{i}\t{gene}\tGene Expression" for i, gene in enumerate(GENES)])
    found = read(tmp_path / "run")
    np.testing.assert_array_equal(values(found), COUNTS[:3])
    assert any("unfiltered" in reason for reason in found.uns["dropped"])


def test_spliced_counts_are_passed_over_and_two_ways_of_counting_refused(tmp_path: Path) -> None:
    tenx(tmp_path / "Solo.out" / "Gene" / "raw", COUNTS, GENES)
    for name in ("spliced.mtx", "unspliced.mtx"):
        tenx(tmp_path / "Solo.out" / "Velocyto" / "raw", COUNTS, GENES, name=name)
    np.testing.assert_array_equal(values(read(tmp_path / "Solo.out")), COUNTS)
    with pytest.raises(DataError, match="counts by splicing"):
        read(tmp_path / "Solo.out" / "Velocyto")
    tenx(tmp_path / "Solo.out" / "GeneFull" / "raw", COUNTS, GENES)
    with pytest.raises(DataError, match="counted in 2 ways"):
        read(tmp_path / "Solo.out")


def test_matrices_of_tags_beside_those_of_genes_are_passed_over(tmp_path: Path) -> None:
    tenx(tmp_path, COUNTS, GENES, prefix="S1_GEX_")
    tenx(tmp_path, COUNTS[:, :3], ["CD3", "CD4", "CD8"], prefix="S1_ADT_")
    np.testing.assert_array_equal(values(read(tmp_path)), COUNTS)


def test_kallisto_and_alevin_name_their_files_in_their_own_way(tmp_path: Path) -> None:
    for folder, matrix, genes, cells in (
        ("kb", "cells_x_genes.mtx", "cells_x_genes.genes.txt", "cells_x_genes.barcodes.txt"),
        ("alevin", "quants_mat.mtx", "quants_mat_cols.txt", "quants_mat_rows.txt"),
    ):
        (tmp_path / folder).mkdir()
        scipy_io.mmwrite(tmp_path / folder / matrix, sparse.coo_matrix(COUNTS), field="integer")
        (tmp_path / folder / genes).write_text("\n".join(GENES) + "\n")
        (tmp_path / folder / cells).write_text("".join(f"B{i}\n" for i in range(6)))
        np.testing.assert_array_equal(values(read(tmp_path / folder)), COUNTS)


def test_barcodes_of_a_neighbour_are_not_borrowed(tmp_path: Path) -> None:
    tenx(tmp_path, COUNTS, GENES, prefix="S1_")
    tenx(tmp_path, COUNTS, GENES, prefix="S10_")
    (tmp_path / "S10_barcodes.tsv").unlink()
    with pytest.raises(DataError, match="no file of barcodes"):
        read(tmp_path)


def test_scientific_notation_in_a_matrix_of_integers(tmp_path: Path) -> None:
    tenx(tmp_path / "a", COUNTS, GENES)
    text = f"%%MatrixMarket matrix coordinate integer general\n{len(GENES)} 6 2\n1 1 1e+05\n2 1 7\n"
    (tmp_path / "a" / "matrix.mtx").write_text(text)
    assert values(read(tmp_path / "a"))[0, :2].tolist() == [100_000, 7]


@pytest.mark.parametrize(
    "line",
    [
        lambda gene: f"{IDS.get(gene, '')}\t{'' if gene in IDS else gene}\tGene Expression",
        lambda gene: (
            f"{IDS.get(gene, gene)}\tNA\tGene Expression" if gene in IDS else f"{gene}\t{gene}\tGene Expression"
        ),
        lambda gene: f"{gene}\t{IDS.get(gene, gene)}\tGene Expression",
        lambda gene: f"{IDS.get(gene, gene)}\tGene Expression",
        lambda gene: f"{gene}_{IDS[gene]}" if gene in IDS else gene,
        lambda gene: f"{IDS[gene]}.4|{gene}" if gene in IDS else gene,
        lambda gene: f"mm10___{gene}",
        lambda gene: f"{gene} ",
    ],
    ids=["blank", "NA", "swapped", "id and kind", "symbol_id", "id|symbol", "prefix", "trailing blank"],
)
def test_every_way_to_list_genes_ends_in_symbols(tmp_path: Path, line: object) -> None:
    genes = [*IDS, "Actb"]
    counts = COUNTS[:, : len(genes)]
    assert callable(line)
    if "\t" in line("Tnf"):
        tenx(tmp_path / "a", counts, [line(gene) for gene in genes])
        found = read(tmp_path / "a")
    else:
        found = read(plain(counts, [line(gene) for gene in genes]))
    np.testing.assert_array_equal(values(found, genes), counts)


def test_genes_of_two_genomes_are_refused_and_those_without_a_name_counted() -> None:
    with pytest.raises(DataError, match="prefixes of 2 genomes"):
        read(plain(COUNTS[:, :2], ["mm10___Tnf", "GRCh38_TNF"]))
    found = read(plain(COUNTS[:, :3], ["Tnf", "", "NA"]))
    assert found.var_names.tolist() == ["Tnf"]
    assert found.uns["dropped"]["genes without a name (no cell is lost)"] == 2


def test_a_former_symbol_in_one_file_is_the_gene_of_the_others_and_a_missing_gene_is_said(tmp_path: Path) -> None:
    now = ["Ccr2", *GENES]
    five = np.full((4, len(now)), 5)
    tenx(tmp_path, five, ["Cmkbr2", *GENES], prefix="old_")
    tenx(tmp_path, five, now, prefix="new_")
    tenx(tmp_path, five[:, :-1], now[:-1], prefix="short_")
    found = read(tmp_path, fields={"sample_id": "file", "condition": "=naive"})
    assert (values(found, ["Ccr2"]) == 5).all()
    assert any("lack" in reason and "Gapdh" in reason for reason in found.uns["dropped"])
    # A file that lists genes without counts lists all that were measured.
    listed = five[:, :-1].copy()
    listed[:, 0] = 0
    tenx(tmp_path, listed, now[:-1], prefix="short_")
    found = read(tmp_path, fields={"sample_id": "file", "condition": "=naive"})
    assert "Gapdh" not in found.var_names


def test_an_archive_of_one_table_per_sample_and_a_sheet_with_one_row_per_sample(tmp_path: Path) -> None:
    for sample in ("GSM1_WT_1", "GSM2_SNI_1"):
        lines = ["gene,c1,c2", *(f"{gene},{i % 3},1" for i, gene in enumerate(GENES))]
        with gzip.open(tmp_path / f"{sample}.csv.gz", "wt") as stream:
            stream.write("\n".join(lines) + "\n")
    with tarfile.open(tmp_path / "GSE1_RAW.tar", "w") as archive:
        for file in sorted(tmp_path.glob("*.csv.gz")):
            archive.add(file, arcname=file.name)
    (tmp_path / "sheet.csv").write_text("library,treat\nGSM1_WT_1,naive\nGSM2_SNI_1,sni\n")
    fields = {"sample_id": "library", "condition": "treat"}
    found = read(tmp_path / "GSE1_RAW.tar", metadata=tmp_path / "sheet.csv", fields=fields)
    assert found.obs["condition"].tolist() == ["naive", "naive", "sni", "sni"]
    assert set(found.obs["sample_id"]) == {"GSM1_WT_1", "GSM2_SNI_1"}


def test_a_sheet_with_one_row_per_sample_fits_a_column_of_the_cells(tmp_path: Path) -> None:
    cells = plain()
    cells.obs["sample_id"] = ["m1"] * 3 + ["m10"] * 3
    (tmp_path / "sheet.csv").write_text("mouse,group\nm1,naive\nm10,sni\n")
    found = read(cells, metadata=tmp_path / "sheet.csv", fields={"condition": "group"})
    assert found.obs["condition"].tolist() == ["naive"] * 3 + ["sni"] * 3


@pytest.mark.parametrize("columns", ["gene\tcell\tcount", "barcode\tgene_name\tumi_counts"])
def test_long_tables_are_cells_and_genes(tmp_path: Path, columns: str) -> None:
    gene_first = columns.startswith("gene")
    lines = [columns]
    for i, cell in enumerate(COUNTS):
        for gene, count in zip(GENES, cell, strict=True):
            lines.append(f"{gene}\tc{i}\t{count}" if gene_first else f"c{i}\t{gene}\t{count}")
    (tmp_path / "counts.tsv").write_text("\n".join(lines) + "\n")
    np.testing.assert_array_equal(values(read(tmp_path / "counts.tsv")), COUNTS)


def test_columns_that_describe_genes_or_cells_are_no_counts(tmp_path: Path) -> None:
    head = "# Program:featureCounts v2.0.1\nGeneid\tChr\tStart\tEnd\tStrand\tLength\t" + "\t".join(
        f"c{i}" for i in range(6)
    )
    rows = [
        f"{g}\tchr1;chr1\t10;40\t20;50\t+;+\t900\t" + "\t".join(map(str, c))
        for g, c in zip(GENES, COUNTS.T, strict=True)
    ]
    (tmp_path / "featurecounts.txt").write_text("\n".join([head, *rows]) + "\n")
    np.testing.assert_array_equal(values(read(tmp_path / "featurecounts.txt")), COUNTS)
    head = "cell,orig.ident,nCount_RNA,nFeature_RNA,seurat_clusters," + ",".join(GENES)
    rows = [f"c{i},pool,5000,900,{i % 3}," + ",".join(map(str, cell)) for i, cell in enumerate(COUNTS)]
    (tmp_path / "cells.csv").write_text("\n".join([head, *rows]) + "\n")
    found = read(tmp_path / "cells.csv")
    assert sorted(found.var_names) == sorted(GENES)
    np.testing.assert_array_equal(values(found), COUNTS)
    assert found.obs["seurat_clusters"].tolist() == [0, 1, 2, 0, 1, 2]


def test_raw_with_the_counts_of_more_genes_is_taken(tmp_path: Path) -> None:
    whole = plain()
    whole.raw = whole.copy()
    part = whole[:, :4].copy()
    part.write_h5ad(tmp_path / "part.h5ad")
    for source in (part, tmp_path / "part.h5ad"):
        found = read(source)
        np.testing.assert_array_equal(values(found), COUNTS)
        assert any("raw" in reason for reason in found.uns["dropped"])


@pytest.mark.parametrize(
    ("change", "read_as"),
    [
        (lambda counts: np.expm1(np.log1p(counts)), COUNTS),
        (lambda counts: counts * np.float32(1 - 1e-7), COUNTS),
        (lambda counts: counts * 0.93, np.rint(COUNTS * 0.93)),
        (lambda counts: counts + np.where(counts > 0, 0.4, 0), COUNTS),
    ],
    ids=["back from logarithms", "32-bit noise", "ambient RNA subtracted", "multi-mapped reads shared out"],
)
def test_counts_that_are_not_whole_for_good_reasons(change: object, read_as: np.ndarray) -> None:
    assert callable(change)
    cells = plain()
    cells.X = sparse.csr_matrix(change(COUNTS.astype(np.float32)).astype(np.float32))
    np.testing.assert_array_equal(values(read(cells)), read_as)


@pytest.mark.parametrize("base", ["counts per 10,000", "log of all genes", "log of some genes", "log2", "half counts"])
def test_normalised_values_are_not_taken_for_counts(base: str) -> None:
    counts = np.random.default_rng(1).poisson(1.2, (60, len(GENES))).astype(float)
    counts[:, 0] += 1
    scaled = counts / (counts.sum(axis=1, keepdims=True) + np.arange(60)[:, None] % 7) * 1e4
    kinds = {
        "counts per 10,000": scaled,
        "log of all genes": np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4),
        "log of some genes": np.log1p(scaled),
        "log2": np.log2(1 + scaled),
        "half counts": counts / 2,
    }
    cells = plain(counts)
    cells.X = sparse.csr_matrix(kinds[base].astype(np.float32))
    with pytest.raises(DataError, match="look normalised"):
        read(cells)


def test_elements_that_anndata_does_not_know_are_passed_over_and_said(tmp_path: Path) -> None:
    path = tmp_path / "cells.h5ad"
    plain().write_h5ad(path)
    with h5py.File(path, "a") as file:
        for name in ("uns/log1p/base", "uns/future"):
            element = file.create_dataset(name, data=h5py.Empty("f"))
            element.attrs.update({"encoding-type": "null" if "base" in name else "hologram", "encoding-version": "9.0"})
    found = read(path)
    np.testing.assert_array_equal(values(found), COUNTS)
    assert any("not read here" in reason for reason in found.uns["dropped"])
    stored, counts = read_stored(path, organism="mouse", fields=FIELDS)
    np.testing.assert_array_equal(counts.read(0, 6).toarray(), values(found, list(stored.var_names)))


def test_a_column_called_index_and_text_of_any_kind_can_be_read_and_written(tmp_path: Path) -> None:
    odd = {
        "interval": pd.cut(np.arange(6), 3),
        "date": pd.date_range("2024-01-01", periods=6),
        "period": pd.period_range("2024", periods=6, freq="M"),
        "mixed": np.array([True, np.nan, False, True, True, False], object),
        "list": pd.Series([[i] for i in range(6)]).to_numpy(),
        "text": pd.array(["a", None, "b", "c", "d", "e"], dtype="string"),
        7: ["y"] * 6,
    }
    cells = plain()
    for name, column in odd.items():
        cells.obs[name] = column
    cells.obs.index = cells.obs.index.astype("string")
    found = read(cells)
    found.write_h5ad(tmp_path / "again.h5ad")
    again = anndata.read_h5ad(tmp_path / "again.h5ad")
    assert again.obs["period"].tolist()[1] == "2024-02"
    assert "7" in again.obs.columns


@pytest.mark.parametrize("name", ["seurat4.rds", "experiment.rds"])
def test_objects_that_r_wrote(name: str) -> None:
    found = dl.read(RDS / name, organism="mouse")
    expected = dl.read(RDS / "dgCMatrix.rds", organism="mouse", fields=FIELDS)
    np.testing.assert_array_equal(found.layers["counts"].toarray(), expected.layers["counts"].toarray())
    assert found.obs["condition"].tolist() == ["naive", "naive", "sni", "sni"]
    assert found.obs["age"].tolist()[1:] == [2, 3, 4]
    assert np.isnan(found.obs["age"].iloc[0])
