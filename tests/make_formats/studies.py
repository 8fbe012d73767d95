"""Makers of small files in exactly the format of studies of the registry; the counts are invented.

What a file is called, how its cells are named and which columns describe them follows the entries in
``signatures/datasets.yaml``. R files are made by ``make_rds.R``.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import formats
import numpy as np
import pandas as pd
from scipy import io as scipy_io
from scipy import sparse

R_FILES = Path(__file__).parent / "r"
MOUSE, HUMAN = formats.GENES, formats.HUMAN


def counts(genes: Sequence[str], cells: Sequence[str]) -> np.ndarray:
    """Genes × cells: gene i of cell j holds (i + j) % 4 + 1."""
    return np.add.outer(np.arange(len(genes)), np.arange(len(cells))) % 4 + 1


def text(
    path: Path, cells: Sequence[str], genes: Sequence[str] = MOUSE, corner: str = "", separator: str = "\t"
) -> None:
    frame = pd.DataFrame(counts(genes, cells), index=genes, columns=cells)
    compressed(path, frame.to_csv(sep=separator, index_label=corner))


def compressed(path: Path, content: str) -> None:
    path.write_bytes(gzip.compress(content.encode(), mtime=0))


def table(
    path: Path, columns: dict[str, Sequence[object]], separator: str = ",", index: Sequence[str] | None = None
) -> None:
    compressed(path, pd.DataFrame(columns, index=index).to_csv(sep=separator, index=index is not None))


def h5_of_each(folder: Path, names: Sequence[str], *, human: bool = False) -> None:
    for name in names:
        empty = np.vstack([formats.COUNTS, np.zeros((2, 6), np.int32)])
        formats.tenx_h5(folder / name, counts=empty, cells=[*formats.CELLS, "CCCC-1", "CCCG-1"], human=human)


def mtx(folder: Path, prefix: str, names: dict[str, Sequence[str]], matrix: str) -> None:
    values = counts(*names.values())
    scipy_io.mmwrite(folder / matrix.removesuffix(".gz"), sparse.coo_matrix(values), field="integer")
    formats.packed(folder / matrix.removesuffix(".gz"))
    for name, lines in names.items():
        compressed(folder / f"{prefix}{name}.gz", "\n".join(lines) + "\n")


def gse155622(folder: Path) -> None:
    text(folder / "GSE155622_raw_UMI_counts_1.txt.gz", ["Ctrl_1_24", "Ctrl_1_25", "SNI.6h_2_15"])
    text(folder / "GSE155622_raw_UMI_counts_2.txt.gz", ["Ctrl_2_1", "SNI.7d_1_3"], MOUSE[::-1])


def gse197289(folder: Path) -> None:
    shutil.copy(R_FILES / "migraine.rds.gz", folder / "GSE197289_snRNA-seq_mouse_raw_counts.RDS.gz")
    cells = [
        "Naive_0h_male_rep1_bcAA",
        "CSD_1.5h_male_rep1_bcAC",
        "CSD_1.5h_male_rep1_bcAG",
        "IS_1.0h_female_rep2_bcAT",
    ]
    rows = {
        "V1": [*cells, cells[2]], "sample_name": ["a", "b", "b", "c", "b"], "sex": ["male"] * 3 + ["female", "male"],
        "realtime": ["0h", "1.5h", "1.5h", "1h", "1.5h"], "library": list("xxyyy"),
        "subtype": ["PEP", "NP", "NP", "cLTMR", "Satglia"],
    }  # fmt: skip
    table(folder / "GSE197289_snRNA-seq_mouse_barcode_meta.csv.gz", rows)


def gse168243(folder: Path) -> None:
    for number in range(1, 7):
        name = f"GSM{5134536 + number}_prep{number}.csv.gz"
        text(folder / name, ["AAAC", "AAAG"], HUMAN, separator=",")


def gse249746(folder: Path) -> None:
    text(folder / "GSE249746_Expression_matrix_raw_counts.csv.gz", ["N1", "N2", "N3"], HUMAN, separator=",")
    compressed(
        folder / "GSE249746_series_matrix.txt.gz",
        '!Series_title\t"x"\n!Sample_title\t"N1"\t"N2"\t"N3"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\t"GSM3"\n'
        '!Sample_characteristics_ch1\t"cell identity: hPEP"\t"cell identity: hNP"\t"cell identity: hTRPM8"\n'
        '!Sample_characteristics_ch1\t"donor id: D1"\t"donor id: D1"\t"donor id: D2"\n'
        '!Sample_characteristics_ch1\t"region: L4"\t"region: L5"\t"region: L4"\n'
        "!series_matrix_table_begin\n!series_matrix_table_end\n",
    )


def gse285983(folder: Path) -> None:
    (folder / "in").mkdir()
    h5_of_each(
        folder / "in", ["GSM1_S01_cellbender.h5", "GSM2_S02_cellbender.h5", "GSM3_S03_cellbender.h5"], human=True
    )
    formats.archive(folder / "GSE285983_RAW.tar", folder / "in")
    shutil.rmtree(folder / "in")
    samples = ["S01", "S01", "S02", "S03"]
    rows = {
        "barcode": [f"{sample}_{cell}" for sample, cell in zip(samples, formats.CELLS, strict=True)], "sample": samples,
        "level2": ["CTRL", "CTRL", "CIDP", "VN"], "sex": ["female", "female", "male", "male"], "age": ["50"] * 4,
        "center": ["UKE"] * 4, "cluster": ["mySC"] * 4,
    }  # fmt: skip
    table(folder / "GSE285983_metadata_all.csv.gz", rows)


def gse162610(folder: Path) -> None:
    cells = ["uninj_sample1_AAAC", "3dpi_sample2_AAAG", "7dpi_sample1_AAAT"]
    mtx(folder, "GSE162610_", {"genes.tsv": MOUSE, "barcodes.tsv": cells}, "GSE162610_sci_mat.mtx.gz")
    rows = {"orig.ident": [cell.rpartition("_")[0] for cell in cells], "celltype": ["Microglia"] * 3}
    table(folder / "GSE162610_barcode_metadata.tsv.gz", rows, "\t", cells)
    table(folder / "GSE162610_gene_metadata.tsv.gz", {"gene": MOUSE}, "\t")


def gse234774(folder: Path) -> None:
    cells = ["AAAC-1", "AAAG-1", "AAAT-1"]
    names = {"features.txt": MOUSE, "barcodes.txt": cells}
    mtx(folder, "GSE234774_rnaseq_", names, "GSE234774_rnaseq_filtered_scRNA.mtx.gz")
    rows = {
        "barcode": cells, "library": ["l1", "l2", "l3"], "experiment": ["uninjured", "timecourse", "drug"],
        "label": ["uninjured", "7d", "7d"], "layer1": ["Neurons"] * 3, "layer2": ["a"] * 3, "layer3": ["b"] * 3,
    }  # fmt: skip
    table(folder / "GSE234774_rnaseq_meta.txt.gz", rows, "\t")


def gse103892(folder: Path) -> None:
    cells = ["f1_AAAC", "M4_AAAG", "rotarod1_AAAT", "Macx_AAAA"]
    text(folder / "GSE103892_Expression_Count_Matrix.txt.gz", cells, corner="Gene")
    rows = {"sample_cellbarcode": cells, "cell.type": ["Neurons", "discarded", "Neurons", ""]}
    table(folder / "GSE103892_Sample_Cell_Cluster_Information.txt.gz", rows, "\t")


def gse190442(folder: Path) -> None:
    text(folder / "GSE190442_aggregated_counts_postqc.csv.gz", ["D1_AAAC.1", "D2_AAAG.1"], HUMAN, separator=",")
    rows = {"sample": ["D1", "D2"], "subtype_annotation": ["Ex1", "Astrcytes"], "top_level_annotation": ["N", "A"]}
    table(folder / "GSE190442_aggregated_metadata_postqc.csv.gz", rows, index=["D1_AAAC-1", "D2_AAAG-1"])


def gse330130(folder: Path) -> None:
    import anndata

    obs = pd.DataFrame(
        {"Subject ID": ["A", "B"], "Level 1": ["Control", "ALS"], "Cell_Type": ["Microglia", "Astrocytes"]},
        index=["c1", "c2"],
    )
    cells = anndata.AnnData(
        X=sparse.csr_matrix(counts(HUMAN, obs.index).T.astype("f4")), obs=obs, var=pd.DataFrame(index=HUMAN)
    )
    cells.write_h5ad(folder / "GSE330130_LSC_SNRNASEQ_COUNTS.h5ad")


def texts(*names: str) -> Callable[[Path], None]:
    """Make one table of two cells under each name."""

    def make(folder: Path) -> None:
        for name in names:
            text(folder / name, ["AAAC", "AAAG"])

    return make


# Entry -> its files, and what must be read: (sample, condition, sex) of each sample.
STUDIES: dict[str, tuple[Callable[[Path], object], set[tuple[str, str, str]]]] = {
    "GSE154659": (
        lambda folder: shutil.copy(R_FILES / "twice.rds.gz", folder / "GSE154659_C57_Raw_counts.RDS.gz"),
        {("male_C57_naive_0_rep1", "naive", "male"), ("male_C57_crush_168_rep1", "crush", "male"),
         ("female_C57_naive_0_rep2", "naive", "female"), ("female_C57_crush_168_rep2", "crush", "female")},
    ),
    "GSE155622": (
        gse155622,
        {("Ctrl_1", "naive", "unknown"), ("SNI.6h_2", "sni", "unknown"), ("Ctrl_2", "naive", "unknown"),
         ("SNI.7d_1", "sni", "unknown")},
    ),
    "GSE198485": (
        lambda folder: h5_of_each(folder, ["GSM5949409_filtered_feature_bc_matrix.h5"]),
        {("GSM5949409", "naive", "male")},
    ),
    "GSE201654": (
        lambda folder: h5_of_each(
            folder,
            [f"GSM{6069069 + i}_SAM{sam}_raw_feature_bc_matrix.h5"
             for i, sam in enumerate([24385747, 24385748, *range(24395829, 24395837)])],
        ),
        {(f"GSM{6069069 + i}", "naive", "mixed") for i in range(10)},
    ),
    "GSE197289": (gse197289, {("a", "naive", "male"), ("b", "csd", "male"), ("c", "is", "female")}),
    "GSE168243": (
        gse168243,
        {("prep1", "naive", "female"), ("prep2", "naive", "male"), ("prep3", "naive", "female"),
         ("prep4", "naive", "female"), ("prep5", "naive", "female"), ("prep6", "naive", "unknown")},
    ),
    "GSE249746": (gse249746, {("D1", "naive", "unknown"), ("D2", "naive", "unknown")}),
    "GSE285983": (gse285983, {("S01", "control", "female"), ("S02", "cidp", "male")}),
    "GSE144707": (
        texts("GSM4294086_countTable_nerveStSt.txt.gz", "GSM4294087_countTable_nerveD1.txt.gz",
              "GSM4294088_countTable_nerveD5.txt.gz"),
        {("nerveStSt", "naive", "unknown"), ("nerveD1", "injury", "unknown"), ("nerveD5", "injury", "unknown")},
    ),
    "GSE147285": (
        texts("GSM4423509_Uninj_Sciatic.txt.gz", "GSM4423506_Inj_Sciatic_3d.txt.gz",
              "GSM4423507_Neo_Sciatic_FACS.txt.gz", "GSM4423508_Neo_Sciatic_Beads.txt.gz"),
        {("Uninj_Sciatic", "naive", "mixed"), ("Inj_Sciatic_3d", "injury", "mixed"),
         ("Neo_Sciatic_FACS", "newborn", "mixed"), ("Neo_Sciatic_Beads", "newborn", "mixed")},
    ),
    "GSE120678": (
        texts("GSM3408139_Uninj_Sciatic_Mesenchymal.txt.gz", "GSM3408137_Inj_Sciatic_Beads.txt.gz"),
        {("Uninj_Sciatic_Mesenchymal", "naive", "unknown"), ("Inj_Sciatic_Beads", "injury", "unknown")},
    ),
    "GSE162610": (
        gse162610,
        {("uninj_sample1", "uninjured", "unknown"), ("3dpi_sample2", "sci", "unknown"),
         ("7dpi_sample1", "sci", "unknown")},
    ),
    "GSE234774": (gse234774, {("l1", "uninjured", "unknown"), ("l2", "sci", "unknown")}),
    "GSE103892": (gse103892, {("f1", "naive", "female"), ("M4", "naive", "male"), ("Macx", "naive", "male")}),
    "GSE190442": (gse190442, {("D1", "naive", "unknown"), ("D2", "naive", "unknown")}),
    "GSE330130": (gse330130, {("A", "control", "unknown"), ("B", "als", "unknown")}),
}  # fmt: skip


def gse213825(folder: Path) -> None:
    from dolor.studies import registry

    h5_of_each(folder, [file.name for file in registry.show("GSE213825").files])


def gse134003(folder: Path) -> None:
    text(folder / "GSE134003_SI_SNI_rawcounts.txt.gz", ["SI01_AAAATCGCACCG", "SNI07_AAAATCGCACCG"])
    rows = {"Condition": ["SI", "SNI"], "Sample": ["SI01", "SNI07"]}
    table(folder / "GSE134003_ClusterMetadata.txt.gz", rows, "\t", ["SI01_AAAATCGCACCG", "SNI07_AAAATCGCACCG"])


_KO, _WILD = (
    (2, 4, 6, 8, 11, 12, 15),
    (3, 5, 7, 9, 10, 13, 16),
)
STUDIES["GSE213825"] = (
    gse213825,
    {(f"GSM65948{70 + i}", "scn9a_ko", "mixed") for i in _KO}
    | {(f"GSM65948{70 + i}", "wild_type", "mixed") for i in _WILD}
    | {(f"GSM65948{70 + i}", "scn9a_cko", "mixed") for i in (14, 17)},
)
STUDIES["GSE134003"] = (gse134003, {("SI01", "superficial_injury", "male"), ("SNI07", "sni", "male")})
