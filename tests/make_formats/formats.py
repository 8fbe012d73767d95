"""Makers of small files in each format, from one matrix of invented counts."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from scipy import io as scipy_io
from scipy import sparse

GENES = ["Actb", "Xist", "Ddx3y", "Calca", "Trpv1", "Il6ra"]
HUMAN = ["ACTB", "XIST", "DDX3Y", "CALCA", "TRPV1", "IL6R"]
IDS = [
    "ENSMUSG00000029580", "ENSMUSG00000086503", "ENSMUSG00000000787",
    "ENSMUSG00000030669", "ENSMUSG00000005952", "ENSMUSG00000027947",
]  # fmt: skip
CELLS = ["AAAA-1", "AAAC-1", "AAAG-1", "AAAT-1"]
# Gene i of cell j holds (i * j) % 5, both counted from 1.
COUNTS = np.array([[(i * j) % 5 for i in range(1, 7)] for j in range(1, 5)], dtype=np.int32)


def tenx_h5(
    path: Path, *, version: int = 3, counts: np.ndarray = COUNTS, cells: list[str] = CELLS, human: bool = False
) -> Path:
    stored = sparse.csr_matrix(counts)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if version == 3 else "mm10")
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(stored, name)
        group["shape"] = counts.T.shape
        group["barcodes"] = np.array(cells, "S")
        if version == 2:
            group["genes"], group["gene_names"] = np.array(IDS, "S"), np.array(GENES, "S")
        else:
            group["features/id"], group["features/name"] = np.array(IDS, "S"), np.array(HUMAN if human else GENES, "S")
            group["features/feature_type"] = np.array(["Gene Expression"] * len(GENES), "S")
    return path


def tenx_mtx(folder: Path, *, version: int = 3, prefix: str = "", counts: np.ndarray = COUNTS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    ending = ".gz" if version == 3 else ""
    third = ["Gene Expression"] * len(GENES) if version == 3 else None
    features = pd.DataFrame({"id": IDS, "name": GENES} | ({"kind": third} if third else {}))
    named = {"features" if version == 3 else "genes": features, "barcodes": pd.DataFrame(CELLS)}
    for name, table in named.items():
        table.to_csv(folder / f"{prefix}{name}.tsv{ending}", sep="\t", header=False, index=False)
    path = folder / f"{prefix}matrix.mtx"
    scipy_io.mmwrite(path, sparse.coo_matrix(counts.T), field="integer")
    if ending:
        packed(path)
    return folder


def packed(path: Path, times: int = 1) -> Path:
    for _ in range(times):
        target = path.with_name(path.name + ".gz")
        target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
        path = target
    return path


def dense_text(path: Path, *, separator: str = "\t", cells_in_rows: bool = False, **options: object) -> Path:
    frame = pd.DataFrame(COUNTS.T, index=GENES, columns=CELLS)
    (frame.T if cells_in_rows else frame).to_csv(path, sep=separator, **options)
    return path


def loom(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file.create_dataset("matrix", data=COUNTS.T.astype("f4"), chunks=(2, 2), compression="gzip")
        file["row_attrs/Gene"], file["row_attrs/Accession"] = np.array(GENES, "S"), np.array(IDS, "S")
        file["col_attrs/CellID"] = np.array(CELLS, "S")
        file["col_attrs/ClusterName"] = np.array(["a", "b", "a", "b"], "S")
        file["col_attrs/odd"] = np.zeros((4, 2))
    return path


def archive(path: Path, folder: Path) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as target:
            for file in sorted(folder.rglob("*")):
                target.write(file, file.relative_to(folder))
    else:
        with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as target:
            for file in sorted(folder.iterdir()):
                target.add(file, file.name)
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "10x h5 v3": lambda folder: tenx_h5(folder / "a.h5"),
    "10x h5 v2": lambda folder: tenx_h5(folder / "a.h5", version=2),
    "10x h5 gz": lambda folder: packed(tenx_h5(folder / "a.h5")),
    "10x mtx v3": lambda folder: tenx_mtx(folder / "filtered_feature_bc_matrix"),
    "10x mtx v2": lambda folder: tenx_mtx(folder / "hg19", version=2),
    "flat GEO": lambda folder: tenx_mtx(folder / "flat", prefix="GSM1_ctrl_"),
    "csv": lambda folder: dense_text(folder / "a.csv", separator=","),
    "tsv": lambda folder: dense_text(folder / "a.txt"),
    "tsv gz": lambda folder: packed(dense_text(folder / "a.txt")),
    "tsv gz twice": lambda folder: packed(dense_text(folder / "a.txt"), 2),
    "tsv of R": lambda folder: dense_text(folder / "a.txt", separator=" ", index_label=False, quoting=2),
    "csv Windows": lambda folder: dense_text(
        folder / "a.csv", separator=",", lineterminator="\r\n", encoding="utf-8-sig", float_format="%.1f"
    ),
    "cells in rows": lambda folder: dense_text(folder / "a.csv", separator=",", cells_in_rows=True),
    "loom": lambda folder: loom(folder / "a.loom"),
    "tar": lambda folder: archive(folder / "a.tar", tenx_mtx(folder / "in", prefix="GSM1_")),
    "tar gz": lambda folder: archive(folder / "a.tar.gz", tenx_mtx(folder / "in", prefix="GSM1_")),
    "zip": lambda folder: archive(folder / "a.zip", tenx_mtx(folder / "in", prefix="GSM1_")),
}
