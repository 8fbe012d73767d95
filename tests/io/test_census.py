"""A small local Census is read like the public one."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

from dolor.errors import DataError, MissingExtra, UsageError
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
    soma = pytest.importorskip("tiledbsoma", reason="needs the extra 'census'")
    soma_io = pytest.importorskip("tiledbsoma.io", reason="needs the extra 'census'")
    import anndata
    from scipy import sparse

    obs = pd.DataFrame(
        {
            "assay": "10x 3' v3", "cell_type": ["macrophage", "neuron"] * 2, "dataset_id": "d1",
            "disease": ["normal", "normal", "neuropathy", "neuropathy"], "donor_id": ["a", "a", "b", "b"],
            "sex": ["female", "female", "male", "male"], "suspension_type": "nucleus", "tissue": "dorsal root ganglion",
            "tissue_general": "nerve", "is_primary_data": [True, True, True, False],
        },
        index=[f"c{number}" for number in range(4)],
    )  # fmt: skip
    var = pd.DataFrame({"feature_id": formats.IDS, "feature_name": formats.GENES}, index=formats.IDS)
    cells = anndata.AnnData(X=sparse.csr_matrix(formats.COUNTS.astype("f4")), obs=obs, var=var)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with soma.Collection.create(str(tmp_path / "census")) as root:
            data = root.add_new_collection("census_data")
            soma_io.from_anndata(f"{data.uri}/mus_musculus", cells, measurement_name="RNA", X_layer_name="raw")
            data.set("mus_musculus", soma.Experiment.open(f"{data.uri}/mus_musculus"), use_relative_uri=True)
    return str(tmp_path / "census")


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
