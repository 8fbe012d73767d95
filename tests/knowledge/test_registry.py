"""The registry of studies: every entry holds together, wrong ones are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dolor.core.errors import DataError, UsageError
from dolor.studies import registry
from dolor.studies.study import Rule, Study

ENTRY = """\
mine:
  title: a study
  citation: {text: nobody}
  organism: mouse
  tissue: dorsal root ganglion
  compartment: drg
  assay: 10x
  suspension_type: cell
  files: [{name: cells.h5ad, format: h5ad}]
  conditions:
    - {value: naive, model: naive, role: reference}
    - {value: sni, model: nerve_injury, role: case, time_point: 7 days}
  sexes: [male]
  columns:
    sample_id: {column: animal}
    condition: {column: group, values: {A: naive, B: sni}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_registry_is_sound():
    assert registry.validate() == []
    assert {"kang2018", "yu2024_xenium", "tms_liver", "allen_m1"} <= registry.load().keys()


def test_every_study_has_a_place_and_a_reference():
    for name, study in registry.load().items():
        assert study.id == name
        assert study.reference in [condition.value for condition in study.conditions]
        assert study.citation.text
        # What is neither read from the files nor stated must be owned up to.
        assert study.files or any(line.startswith("files:") for line in study.unverified), name
        assert "unknown" not in study.sexes or any(line.startswith("sexes:") for line in study.unverified), name


def test_file_names_of_geo_carry_an_accession():
    for study in registry.load().values():
        for file in study.files:
            if file.location == "GEO":
                assert re.match(r"(GSE|GSM)(\d+|\*)", file.name), f"{study.id}: {file.name}"


def test_the_table_reads_like_a_catalogue():
    table = registry.table()
    assert table["id"].is_unique
    row = table.set_index("id").loc["kang2018"]
    assert row["conditions"] == "control;interferon_beta"
    assert row["readable"] == "yes"
    assert all(isinstance(value, str) for value in table.to_numpy().ravel())


def test_local_studies_name_columns_that_their_files_have(data_dir):
    import h5py
    import pandas as pd

    for name in ("kang2018", "yu2024_xenium", "tms_liver", "allen_m1"):
        study = registry.show(name)
        paths = [data_dir / file.folder / file.name for file in study.files]
        if paths[-1].suffix == ".h5ad":
            with h5py.File(paths[-1]) as file:
                columns = set(file["obs"])
        else:
            columns = set(pd.read_csv(paths[-1], sep="\t", nrows=1).columns)
        rules = {rule.column for rule in study.columns.values() if rule.column}
        assert rules | set(study.keep) | set(study.labels) <= columns, name


def test_a_study_of_ones_own_joins_the_registry(tmp_path):
    path = written(tmp_path, ENTRY)
    assert registry.load(extra=[path])["mine"].readable
    assert registry.show("mine", extra=[path]).reference == "naive"
    assert "mine" in registry.table(extra=[path])["id"].tolist()
    assert list(registry.load(path)) == ["mine"]


def test_an_id_that_is_taken_is_refused(tmp_path):
    path = written(tmp_path, ENTRY.replace("mine:", "kang2018:", 1))
    with pytest.raises(DataError, match=r"mine\.yaml: the id 'kang2018' is already in the registry"):
        registry.load(extra=[path])


def test_the_nearest_id_is_suggested():
    with pytest.raises(UsageError, match="no study 'Kang2018'; did you mean 'kang2018'"):
        registry.show("Kang2018")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mine:", "../x:", r"'\.\./x' cannot name a folder"),
        ("mine:", "NA:", "'NA' is read as a missing value"),
        ("mine:", "'':", "'' cannot name a folder"),
        ("organism:", "organisms:", "unknown key 'organisms'; did you mean 'organism'"),
        ("  tissue: dorsal root ganglion\n", "", "study 'mine': the key 'tissue' is missing"),
        ("organism: mouse", "organism: rat", "organism: Input should be 'mouse' or 'human'"),
        ("compartment: drg", "compartment: DRG", "'DRG' is not known; known: skin"),
        ("model: nerve_injury", "model: nerve_inury", "did you mean 'nerve_injury'"),
        ("format: h5ad", "format: h5ad, sise: 3", "unknown key 'files.0.sise'; did you mean 'size'"),
        ("name: cells.h5ad", "name: ../cells.h5ad", "must be a plain file name"),
        ("format: h5ad", "format: pickle", "'pickle' is not known"),
        ("B: sni", "B: SNI", "'SNI' is not known; known: naive, sni"),
        ("role: reference", "role: case", "none of them has the role 'reference'"),
        ("{column: animal}", "{column: animal, constant: x}", "give exactly one of column, constant, pattern, join"),
        ("{column: animal}", "{}", "given: none"),
        ("{column: animal}", "{pattern: '(?P<x>.)'}", "pattern and source"),
        ("{column: animal}", "{pattern: '(x', source: barcode}", "is no regular expression"),
        ("{column: animal}", "{pattern: 'x', source: barcode}", "exactly one named group"),
        ("{column: animal}", "{join: [sex, animals]}", "'animals' is not known"),
        ("sample_id:", "sampleid:", "'sampleid' is not known; did you mean 'sample_id'"),
        ("sexes: [male]", "sexes: [males]", "sexes"),
        ("sexes: [male]", "sexes: [male]\n  unverified: ['sex: which']", "did you mean 'sexes'"),
        ("value: sni", "value: naive", "a value is duplicated"),
        ("text: nobody", "text: nobody, doi: doi.org/10.1/x", "citation.doi"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, old, new, message):
    assert old in ENTRY
    path = written(tmp_path, ENTRY.replace(old, new, 1))
    faults = registry.validate(path)
    assert any(re.search(message, fault) for fault in faults), faults
    with pytest.raises(DataError, match=r"mine\.yaml: study '"):
        registry.load(path)


@pytest.mark.parametrize("text", ["", "[]", "just text", "mine: 3", "mine: [a]"])
def test_what_is_no_registry_is_refused(tmp_path, text):
    with pytest.raises(DataError, match=r"mine\.yaml"):
        registry.load(written(tmp_path, text))


def test_a_study_twice_in_one_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="the key 'mine' is duplicated"):
        registry.load(written(tmp_path, ENTRY + ENTRY))


def test_a_file_changed_on_disk_is_read_anew(tmp_path):
    path = written(tmp_path, ENTRY)
    first = registry.load(path)
    written(tmp_path, ENTRY.replace("a study", "another study, with a longer name"))
    import os

    os.utime(path, ns=(1, 1))
    assert registry.load(path)["mine"].title != first["mine"].title


# Names as the files of these studies write them, and what the rules must read from them.
NAMES = [
    ("GSE154659", "male_C57_Crush_168_rep1_Repair schwann_N_bcFJOM",
     {"sex": "male", "condition": "crush", "time_point": "168", "replicate": "rep1",
      "cell_type_author": "Repair schwann_N"}),
    ("GSE155622", "Ctrl_1_24", {"sample_id": "Ctrl_1", "condition": "naive", "time_point": "untreated"}),
    ("GSE155622", "SNI.6h_2_15", {"sample_id": "SNI.6h_2", "condition": "sni", "time_point": "6 h"}),
    ("GSE134003", "SNI07_AAAATCGCACCG", {"sample_id": "SNI07", "condition": "sni"}),
    ("GSE134003", "SI01_AAAATCGCACCG", {"sample_id": "SI01", "condition": "superficial_injury"}),
    ("GSE197289", "CSD_1.5h_male_rep1_bcBSKD", {"condition": "csd"}),
    ("GSE162610", "7dpi_sample1", {"condition": "sci", "time_point": "7 days"}),
    ("GSE103892", "Macx_AAACGTAC", {"sample_id": "Macx", "sex": "male"}),
    ("GSE213825", "GSM6594872_SAM24349928_raw_feature_bc_matrix.h5", {"sample_id": "GSM6594872"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), NAMES)
def test_rules_read_the_names_that_the_files_use(name, text, expected):
    rules = registry.show(name).rules
    for field, value in expected.items():
        found = re.search(rules[field].pattern, text)
        assert found is not None, field
        assert rules[field].values.get(found[1], found[1]) == value


def test_what_holds_for_the_study_holds_for_each_cell():
    rules = registry.show("GSE154659").rules
    assert rules["organism"].constant == "mouse"
    assert rules["suspension_type"].constant == "nucleus"
    # A rule of the entry comes before what its head says.
    assert registry.show("ipain_drg").rules["suspension_type"].column == "suspension_type"


def test_the_registry_covers_the_pain_axis():
    table = registry.table()
    axis = table[table["compartment"].isin(["drg", "nerve", "spinal_cord"])]
    assert len(axis) >= 30
    for organism in ("mouse", "human"):
        assert set(axis.loc[axis["organism"] == organism, "compartment"]) == {"drg", "nerve", "spinal_cord"}
    assert (axis["readable"] == "yes").sum() >= 15


@pytest.mark.parametrize("change", [{"format": "rds_seurat"}, {"values": "normalised"}, {"content": "other"}])
def test_what_dolor_cannot_read_is_not_called_readable(change):
    study = registry.show("GSE147285")
    assert study.readable
    files = tuple(file.model_copy(update=change) for file in study.files)
    assert not study.model_copy(update={"files": files}).readable


def test_models_are_frozen():
    rule = Rule(constant="x")
    with pytest.raises(ValueError, match="frozen"):
        rule.constant = "y"  # type: ignore[misc]
    assert Study.model_config["extra"] == "forbid"
