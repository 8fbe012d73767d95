"""Results leave in the forms that other programs read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata
import pandas as pd
import pytest
from anndata import AnnData

import dolor as dl
from dolor.cli import main


def _run(*words: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == code


def test_tables_leave_as_network_and_spreadsheet(tmp_path: Path) -> None:
    rows = pd.DataFrame({"sender": ["macrophage"], "receiver": ["=cmd()"], "score": [1.0]})
    rows.to_parquet(tmp_path / "t.parquet")
    _run("export", "tsv", str(tmp_path / "t.parquet"), "--out", str(tmp_path / "t.tsv"))
    assert "\t=cmd()" not in (tmp_path / "t.tsv").read_text()
    _run("export", "graphml", str(tmp_path / "t.parquet"), "--out", str(tmp_path / "t.graphml"))
    assert "macrophage" in (tmp_path / "t.graphml").read_text()
    _run("export", "tsv", str(tmp_path / "absent.parquet"), "--out", str(tmp_path / "x.tsv"), code=3)


def test_exports_take_the_filters_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = pd.DataFrame({
        "sender": ["macrophage", "macrophage", "neutrophil", "macrophage"], "receiver": "nociceptor",
        "qvalue": [0.01, 0.2, 0.001, 0.02], "present_ligand": ["present", "present", "present", "absent"],
        "present_receptor": "present",
    })  # fmt: skip
    source, out = str(tmp_path / "t.parquet"), tmp_path / "t.tsv"
    rows.to_parquet(source)
    _run("export", "tsv", source, "--out", str(out), "--q", "0.05", "--sender", "macrophage", "--present")
    kept = pd.read_csv(out, sep="\t")
    assert kept["qvalue"].tolist() == [0.01]
    _run("export", "tsv", source, "--out", str(out), "--sender", "macrophag", code=3)
    assert "there are macrophage, neutrophil" in capsys.readouterr().err
    rows.drop(columns="present_ligand").to_parquet(source)
    _run("export", "tsv", source, "--out", str(out), "--present", code=3)
    assert len(pd.read_csv(out, sep="\t")) == 1


def test_scores_leave_as_anndata(tmp_path: Path) -> None:
    rows = pd.DataFrame({"sender": ["macrophage"], "receiver": ["nociceptor"], "interaction_id": ["TNF:TNFRSF1A"],
                         "ligand": ["Tnf"], "receptor": ["Tnfrsf1a"], "score": [1.5]})  # fmt: skip
    rows.to_parquet(tmp_path / "scores.parquet")
    _run("export", "anndata", str(tmp_path / "scores.parquet"), "--out", str(tmp_path / "scores.h5ad"))
    found = anndata.read_h5ad(tmp_path / "scores.h5ad")
    assert found["macrophage|nociceptor", "TNF:TNFRSF1A"].X.item() == 1.5


def test_cells_leave_as_a_10x_folder_and_come_back(make_cells: Callable[..., AnnData], tmp_path: Path) -> None:
    cells = dl.read(make_cells())
    cells.write_h5ad(tmp_path / "cells.h5ad")
    _run("export", "10x", str(tmp_path / "cells.h5ad"), "--out", str(tmp_path / "folder"))
    assert any(path.name.startswith("matrix.mtx") for path in (tmp_path / "folder").iterdir())


def test_fetching_an_unknown_study_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    _run("datasets", "fetch", "GSE154658", code=2)
    assert "did you mean 'GSE154659'" in capsys.readouterr().err
