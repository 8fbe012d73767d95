"""The commands of the crosstalk: designs, the exact check and tables of differential expression from the shell."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import dolor as dl
from dolor.cli import main
from dolor.io.h5ad import read_h5ad


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cells = dl.simulate.study("drg", seed=2, n_animals=2, cells_per_sample=120, n_genes=600, faults=False).cells
    cells.obs["cell_type"] = cells.obs["truth_class"].astype(str)
    path = tmp_path_factory.mktemp("profiles") / "profiles.h5ad"
    dl.tl.profiles(cells).write_h5ad(path)
    return path


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")  # anndata and zarr, of their own formats
def test_profiles_of_a_zarr_store_are_those_of_the_file(tmp_path: Path) -> None:
    cells = dl.simulate.study("drg", seed=2, n_animals=1, cells_per_sample=60, n_genes=600, faults=False).cells
    cells.obs["cell_type"] = cells.obs["truth_class"].astype(str)
    cells.write_h5ad(tmp_path / "cells.h5ad")
    cells.write_zarr(tmp_path / "cells.zarr")
    for kind in ("h5ad", "zarr"):
        assert run("profiles", tmp_path / f"cells.{kind}", "--out", tmp_path / f"{kind}.h5ad") == 0
    of_file, of_store = (read_h5ad(tmp_path / f"{kind}.h5ad").to_df() for kind in ("h5ad", "zarr"))
    pd.testing.assert_frame_equal(of_file, of_store)


def contrast(profiles: Path, folder: Path, *options: str) -> tuple[int, Path]:
    tables = ["--out", folder / "c.parquet", "--composition", folder / "n.parquet", "--response", folder / "r.parquet"]
    return run("contrast", profiles, *tables, "--reference-condition", "naive", *options), folder / "c.parquet"


def test_contrasts_with_a_trend_and_the_exact_check(
    profiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, path = contrast(profiles, tmp_path, "--order", "naive=0, injured=7", "--relabelings", "50")
    assert code == 0
    assert "injured against naive: the smallest p that exchanged labels can reach is 0.0556" in capsys.readouterr().out
    table = pd.read_parquet(path)
    condition = table[(table["contrast_type"] == "condition") & (table["status"] == "tested")]
    assert set(condition["case"]) == {"injured", "trend:naive<injured"}
    exchanged = condition[condition["case"] == "injured"]
    assert (exchanged["relabel_pvalue"] >= exchanged["relabel_smallest_pvalue"] - 1e-12).all()
    code, path = contrast(profiles, tmp_path, "--relabelings", "0")
    assert code == 0
    assert "relabel_pvalue" not in pd.read_parquet(path)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--order", "naive,injured"), 2, "'naive' is not of the form NAME=VALUE"),
        (("--order", "naive=0,injured=late"), 2, "a position that is no number"),
        (("--order", "naive=0,sham=1"), 3, "disagree on injured, sham"),
        (("--formula", "~ condition + age"), 3, "names age, which the samples do not have"),
        (("--reference-sex", "both"), 3, "the reference sex must be female or male"),
    ],
)
def test_designs_that_cannot_be_meant(
    profiles: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert contrast(profiles, tmp_path, *options)[0] == code
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_interactions_from_the_tables_of_a_published_study(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Macrophages, monocytes and glia of the mouse DRG in arthritis, seven time points."""
    folder = data_dir / "su2022_mouse_drg_arthritis_de"
    sources = [folder / f"{name}_cells.csv.gz" for name in ("immune", "nonneuronal")]
    if not all(source.is_file() for source in sources):
        pytest.skip(f"needs {folder}, which is absent")
    out = tmp_path / "interactions.parquet"
    assert run("from-de", *sources, "--out", out, "--organism", "mouse", "--by", "timepoint") == 0
    found = pd.read_parquet(out)
    tested = found[found["status"] == "tested"]
    assert found["timepoint"].nunique() == 7
    assert {"EndoneurialMac", "EpineurialMac", "Monocyte"} <= set(tested["sender"])
    recruiting = tested[tested["interaction_id"] == "CCL2:CCR2"]
    assert ((recruiting["receiver"] == "Monocyte") & (recruiting["pvalue_both"] < 0.001)).any()
    assert (tested["pvalue_both"].between(0, 1) & tested["pvalue_sum"].between(0, 1)).all()
    assert set(found["flags"]) == {"cell_level_p"}
    assert f"{len(tested)} tested" in capsys.readouterr().out


def test_a_table_whose_columns_are_not_recognised_can_name_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.DataFrame(
        {"Feature": ["TNF", "TNFRSF1A"], "cells": ["mac", "neuron"], "lfc": [2.0, 1.0], "P": [1e-6, 0.01]}
    )
    table.to_csv(tmp_path / "de.tsv", sep="\t", index=False)
    out = tmp_path / "out.parquet"
    common = ("from-de", tmp_path / "de.tsv", "--out", out, "--organism", "human")
    assert run(*common) == 3
    assert "which no known tool writes" in capsys.readouterr().err
    names = [
        word for pair in ("gene=Feature", "cell_type=cells", "change=lfc", "pvalue=P") for word in ("--column", pair)
    ]
    assert run(*common, *names) == 0
    found = pd.read_parquet(out)
    assert ((found["status"] == "tested") & (found["pvalue_both"] == 0.01)).any()
