"""A registry entry turns somebody's columns into the fields of a sample."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from dolor.core.errors import DataError, DolorError, UsageError
from dolor.studies.read import read_study, study_file, with_rules
from dolor.studies.study import Study


def _study(**columns: dict[str, object]) -> Study:
    return Study.model_validate(
        {
            "id": "toy",
            "title": "Toy",
            "citation": {"text": "none"},
            "organism": "mouse",
            "tissue": "dorsal root ganglion",
            "compartment": "drg",
            "assay": "toy",
            "suspension_type": "cell",
            "conditions": [
                {"value": "naive", "model": "naive", "role": "reference"},
                {"value": "injured", "model": "nerve_injury", "role": "case"},
            ],
            "sexes": ["female"],
            "columns": columns,
        }
    )


OBS = pd.DataFrame({"group": ["ctl", "sni"], "cage": ["1", "2"]}, index=["GSM1_F_AAAC", "GSM2_M_AAAG"])
CONDITION = {"column": "group", "values": {"ctl": "naive", "sni": "injured"}}


def test_columns_constants_patterns_and_joins() -> None:
    study = _study(
        condition=CONDITION,
        sex={"pattern": r"_(?P<sex>[FM])_", "source": "barcode", "values": {"F": "female", "M": "male"}},
        tissue={"constant": "DRG"},
        donor_id={"join": ["condition", "sex"]},
    )
    filled = with_rules(OBS, study, "toy.h5ad")
    assert filled["condition"].tolist() == ["naive", "injured"]
    assert filled["condition_model"].tolist() == ["naive", "nerve_injury"]
    assert filled["sex"].tolist() == ["female", "male"]
    assert filled["donor_id"].tolist() == ["naive_female", "injured_male"]
    assert "condition" not in OBS.columns


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"column": "treatment"}, "condition: obs has no column 'treatment'; there are group, cage"),
        ({"column": "group", "values": {"ctl": "naive"}}, "condition: holds 'sni'; the entry knows 'ctl'"),
        ({"pattern": "(?P<c>GSM9)", "source": "barcode"}, "does not match 'GSM1_F_AAAC'"),
    ],
)
def test_what_does_not_fit_is_named(rule: dict[str, object], message: str) -> None:
    with pytest.raises(DataError) as caught:
        with_rules(OBS, _study(condition=rule), "toy.h5ad")
    assert str(caught.value).startswith("toy.h5ad: ")
    assert message in str(caught.value)


def test_kang_becomes_sixteen_samples_of_eight_donors(data_dir: Path) -> None:
    cells, _, dropped = read_study("kang2018", path=data_dir / "kang2018_pbmc_ifnb.h5ad")
    samples = cells.obs.drop_duplicates("sample_id")
    assert samples.groupby("condition", observed=True).size().to_dict() == {"control": 8, "interferon_beta": 8}
    assert samples["donor_id"].nunique() == 8
    assert dropped == {"droplet is not singlet": 11}
    assert cells.n_obs == 3836 - 11
    assert set(cells.obs["condition_model"]) == {"control", "interferon_beta"}


def test_where_a_file_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOLOR_DATA", "somewhere")
    assert study_file("kang2018") == Path("somewhere/kang2018_pbmc_ifnb.h5ad")
    assert study_file("kang2018", "mine.h5ad") == Path("mine.h5ad")
    monkeypatch.delenv("DOLOR_DATA")
    with pytest.raises(UsageError, match=r"\$DOLOR_DATA: set it"):
        study_file("kang2018")
    with pytest.raises(DolorError, match="did you mean 'kang2018'"):
        study_file("kang2019")
