"""A small local Census is read like the public one."""

from __future__ import annotations

import sys
from pathlib import Path

import anndata
import numpy as np
import pytest

from dolor import tl
from dolor.cli import main
from dolor.core.errors import DataError, MissingExtra, UsageError
from dolor.io.census import read_census, value_filter

sys.path.insert(0, str(Path(__file__).parents[1] / "make_formats"))
import formats


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="needs at least one of"):
        value_filter({})
    with pytest.raises(UsageError, match="cannot be asked for 'tisue'"):
        value_filter({"tisue": "x"})
    with pytest.raises(UsageError, match="give values without double quotes"):
        value_filter({"tissue": 'x"] or True'})


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiledbsoma", None)
    with pytest.raises(MissingExtra, match=r"dolor\[census\]"):
        read_census("x", "mouse", {"sex": "male"})


@pytest.fixture
def census(tmp_path: Path) -> str:
    pytest.importorskip("tiledbsoma", reason="needs the extra 'census'")
    from census import small_cells, write_census

    return str(write_census(tmp_path / "census", [small_cells()]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_local_census(census: str) -> None:
    cells = read_census(census, "mouse", {"tissue": "dorsal root ganglion"})
    assert cells.layers["counts"].toarray().tolist() == formats.COUNTS[:3].tolist()
    assert cells.var_names.tolist() == formats.GENES
    assert cells.obs["condition"].astype(str).tolist() == ["normal", "normal", "neuropathy"]
    assert cells.obs["cell_type_author"].astype(str).tolist() == ["macrophage", "neuron", "macrophage"]
    assert cells.obs["sample_id"].nunique() == 2
    assert read_census(census, "mouse", {"sex": ["male"], "assay": "10x 3' v3"}).n_obs == 1
    with pytest.raises(DataError, match="has no cells of mouse where sex in"):
        read_census(census, "mouse", {"sex": "unknown"})
    with pytest.raises(DataError, match="cannot be read as a Census of human"):
        read_census(census, "human", {"sex": "male"})
    with pytest.raises(DataError, match="cannot be read as a Census"):
        read_census(census + "x", "mouse", {"sex": "male"})


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_profiles_are_streamed_as_they_would_be_of_the_cells(
    census: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("census", "--uri", census, "--organism", "mouse", "--tissue", "dorsal root ganglion")
    with pytest.raises(SystemExit) as left:
        main((*words, "--profiles", str(tmp_path / "profiles.h5ad"), "--out", str(tmp_path / "cells.h5ad")))
    assert left.value.code == 0, capsys.readouterr().err
    streamed = anndata.read_h5ad(tmp_path / "profiles.h5ad")
    cells = anndata.read_h5ad(tmp_path / "cells.h5ad")
    cells.obs["cell_type"] = cells.obs["cell_type_author"]
    of_cells = tl.profiles(cells, genes=streamed.var_names)
    assert streamed.obs_names.tolist() == of_cells.obs_names.tolist()
    np.testing.assert_array_equal(streamed.X, of_cells.X)
    for field in ("sample_id", "condition", "sex", "organism", "n_cells"):
        assert streamed.obs[field].astype(str).tolist() == of_cells.obs[field].astype(str).tolist(), field
    reference = ("--reference-condition", "normal", "--formula", "~ condition")
    tables = ("--composition", str(tmp_path / "n.parquet"), "--response", str(tmp_path / "r.parquet"))
    with pytest.raises(SystemExit) as left:
        main(("contrast", str(tmp_path / "profiles.h5ad"), "--out", str(tmp_path / "c.parquet"), *tables, *reference))
    assert left.value.code == 0, capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "say what to write: --out for the cells, --profiles for their sums" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_symbol_of_two_ids_is_summed(tmp_path: Path) -> None:
    pytest.importorskip("tiledbsoma", reason="needs the extra 'census'")
    from census import small_cells, write_census

    from dolor.io.census import cell_fields, experiment_of
    from dolor.io.matrix.soma import open_soma

    cells = small_cells()
    cells.var["feature_name"] = ["Actb", "Xist", "Actb", "Calca", "Trpv1", "Il6ra"]
    folder = write_census(tmp_path / "census", [cells])
    source = open_soma(folder, member=experiment_of("mouse"), prepare=lambda obs: cell_fields(obs, "mouse"))
    found = tl.profiles(source)
    assert found.var_names.tolist() == ["Actb", "Xist", "Calca", "Trpv1", "Il6ra"]
    assert found[:, "Actb"].X.sum() == formats.COUNTS[:, [0, 2]].sum()
