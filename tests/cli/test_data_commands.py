"""Data comes in by one command: a study by name, a census, files of one's own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anndata
import pandas as pd
import pytest
import yaml

from dolor.cli import main

sys.path.insert(0, str(Path(__file__).parents[1] / "make_formats"))
import formats

from studies import STUDIES

SHEET = "barcode,mouse,group,sex\nAAAA-1,m1,naive,F\nAAAC-1,m1,naive,F\nAAAG-1,m2,sni,M\n"
FIELDS = ("--field", "sample_id=mouse", "--field", "condition=group", "--field", "tissue==sciatic nerve")


def _said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main(words)
    said = capsys.readouterr()
    assert left.value.code == code, said.err
    assert "Traceback" not in said.err
    return said.err if code else said.out


def test_the_studies_read_like_a_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _said(capsys, "datasets", "list").splitlines()
    assert lines[0] == "Sensory ganglia, mouse"
    assert any(line.startswith("  * GSE154659 ") and "nuclei" in line and "Renthal" in line for line in lines)
    assert max(map(len, lines)) <= 130
    cord = _said(capsys, "datasets", "list", "--compartment", "spinal_cord", "--model", "nerve_injury", "--ready")
    assert [line.split()[1] for line in cord.splitlines() if line.startswith("  * ")] == ["GSE134003"]
    said = _said(capsys, "datasets", "list", "--compartment", "spinal_chord", code=2)
    assert "no study has the compartment 'spinal_chord'; did you mean 'spinal_cord'" in said


def test_a_page_on_a_study_and_its_entry_to_copy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = _said(capsys, "datasets", "show", "GSE197289")
    assert "381 MB" in page
    assert "https://ftp.ncbi.nlm.nih.gov/geo/series/GSE197nnn/GSE197289/suppl/" in page
    assert "Unverified" in page
    assert "did you mean 'kang2018'" in _said(capsys, "datasets", "show", "kang2019", code=2)
    entry = yaml.safe_load(_said(capsys, "datasets", "show", "GSE197289", "--yaml"))
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"mine": entry["GSE197289"]}))
    assert _said(capsys, "datasets", "add", str(tmp_path / "mine.yaml"), "--to", str(tmp_path / "own.yaml")) == (
        "added mine\n"
    )


def test_fetching_writes_a_receipt(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror" / "GSE198485").mkdir(parents=True)
    STUDIES["GSE198485"][0](tmp_path / "mirror" / "GSE198485")
    monkeypatch.chdir(tmp_path)
    said = _said(capsys, "datasets", "fetch", "GSE198485", "--mirror", "mirror", "--receipt", "receipt.json")
    assert "SHA-256" in said
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert receipt["study"] == "GSE198485"
    assert len(receipt["files"]["GSM5949409_filtered_feature_bc_matrix.h5"]["sha256"]) == 64
    assert "1 samples" in _said(capsys, "read", "GSE198485", "--out", "cells.h5ad")
    assert "is here" in _said(capsys, "datasets", "fetch", "GSE198485", "--dry-run")
    assert "leave one of the two" in _said(
        capsys, "datasets", "fetch", "GSE198485", "--dry-run", "--receipt", "x", code=2
    )


def test_a_10x_folder_and_a_table_of_cells(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, sheet, out = formats.tenx_mtx(tmp_path / "outs"), tmp_path / "cells.csv", tmp_path / "cells.h5ad"
    sheet.write_text(SHEET)
    said = _said(capsys, "read", str(folder), "--metadata", str(sheet), *FIELDS, "--out", str(out))
    assert said == "3 cells × 6 genes, 2 samples\nleft out, not in the metadata: 1\n"
    cells = anndata.read_h5ad(out)
    assert cells.obs["condition"].tolist() == ["naive", "naive", "sni"]
    assert cells.obs["sex"].tolist() == ["female", "female", "male"]
    assert set(cells.obs["organism"]) == {"mouse"}
    side = json.loads(Path(f"{out}.json").read_text())
    assert side["dropped"] == {"not in the metadata": 1}
    assert "cells.csv" in side["inputs"]


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (("--field", "condition"), 2, "--field 'condition' is not understood; write FIELD=COLUMN"),
        (("--field", "cage=mouse"), 3, "'cage' is no field of a sample"),
        (("--field", "donor_id=animal"), 3, "obs has no column 'animal' to take donor_id from"),
        (("--organism", "human"), 3, "is said to be of human, but 100% of its genes are named as in mouse"),
        (("--organism", "rat"), 3, "the organism 'rat' is not supported"),
        (("--key", "cell"), 3, "cells.csv: has no column 'cell' with the barcodes; there are barcode, mouse"),
        (("--duplicates", "drop"), 2, "choose sum or refuse"),
        (("--layer", "spliced"), 3, "has no layer 'spliced'"),
    ],
)
def test_own_files_that_do_not_fit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, more: tuple[str, ...], code: int, message: str
) -> None:
    folder, sheet, out = formats.tenx_mtx(tmp_path / "outs"), tmp_path / "cells.csv", tmp_path / "cells.h5ad"
    sheet.write_text(SHEET)
    out.write_text("good")
    words = ("read", str(folder), "--metadata", str(sheet), *FIELDS, *more, "--out", str(out))
    assert message in _said(capsys, *words, code=code)
    assert out.read_text() == "good"


def test_options_for_own_files_are_refused_for_a_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = _said(capsys, "read", "GSE198485", "--field", "sex==male", "--out", str(tmp_path / "x.h5ad"), code=2)
    assert "--field is for files of your own: how 'GSE198485' is read stands in its entry" in said


@pytest.mark.parametrize(("name", "samples", "cells"), [("kang2018", 16, 3825), ("yu2024_xenium", 4, 1412)])
def test_the_shared_studies_by_name(
    name: str,
    samples: int,
    cells: int,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOLOR_DATA", str(data_dir))
    said = _said(capsys, "read", name, "--out", str(tmp_path / "cells.h5ad"))
    assert said.startswith(f"{cells} cells × ")
    assert f", {samples} samples\n" in said
    read = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert isinstance(read.obs, pd.DataFrame)
    assert not any("Control" in gene for gene in read.var_names)
