"""The configuration of a run: what is understood, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dolor import config
from dolor.config.code_version import code_version, modules_of_command, signature_digest
from dolor.config.models import schema_text
from dolor.core.errors import UsageError
from dolor.studies.read import is_registered

ROOT = Path(__file__).resolve().parents[2]
ONE = [{"id": "a", "compartment": "drg"}]


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_configurations_are_valid(path: Path) -> None:
    assert config.load(path).datasets


def test_the_committed_schema_is_the_generated_one() -> None:
    assert (ROOT / "workflows/schemas/config.schema.json").read_text() == schema_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"datasets": ONE, "qualty": {}}, "unknown key 'qualty'; did you mean 'quality'?"),
        ({"datasets": ONE, "contrast": {"reference": {"sx": "male"}}}, "contrast.reference.sx'; did you mean 'sex'?"),
        ({"datasets": [{"id": "a", "compartment": "drg", "stdy": "x"}]}, "did you mean 'study'?"),
        ({"datasets": [{"id": "../x", "compartment": "drg"}]}, "cannot name a folder"),
        ({"datasets": [{"id": "NA", "compartment": "drg"}]}, "read as a missing value"),
        ({"datasets": [*ONE, {"id": "A", "compartment": "nerve"}]}, "stands more than once"),
        ({"datasets": [{"id": "a", "compartment": "dorsal"}]}, "'drg'"),
        ({"datasets": [{"id": "Logs", "compartment": "drg"}]}, "of the run itself"),
        ({"datasets": [{"id": "meta.parquet", "compartment": "drg"}]}, "of the run itself"),
        ({"datasets": [{"id": "claims.parquet.json", "compartment": "drg"}]}, "of the run itself"),
        ({"datasets": ONE, "quality": {"mads": -1}}, "quality.mads: Input should be greater than 0"),
        ({"datasets": ONE, "seed": "no"}, "seed: Input should be a valid integer"),
        ({"datasets": []}, "name at least one dataset"),
        ({}, "the key 'datasets' is missing"),
        ({"datasets": "nowhere.tsv"}, "there is no table 'nowhere.tsv'"),
        (["datasets"], "must hold keys and values"),
    ],
)
def test_bad_configurations_get_one_clear_sentence(content: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        config.check(content, "run.yaml")
    assert str(caught.value).startswith("run.yaml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_datasets_from_a_table_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "datasets.tsv").write_text("id\tstudy\tcompartment\nx\tkang2018\tblood\ny\t\tdrg\n")
    (tmp_path / "run.yaml").write_text("datasets: datasets.tsv\n")
    datasets = config.load(tmp_path / "run.yaml").datasets
    assert [(dataset.id, dataset.study) for dataset in datasets] == [("x", "kang2018"), ("y", "simulated")]


def test_code_versions_follow_what_a_command_imports() -> None:
    assert code_version("contrast") == code_version("contrast") != code_version("annotate")
    assert "dolor.contrasts.meta" in modules_of_command("meta")
    assert "dolor.contrasts.meta" not in modules_of_command("contrast")
    assert not any(name.startswith("dolor.annotate") for name in modules_of_command("score"))
    assert {"dolor.core.errors", "dolor.pseudobulk.profiles"} <= modules_of_command("profiles")
    with pytest.raises(ValueError, match="nothing"):
        code_version("nothing")


def test_digests_of_signatures_differ_by_file() -> None:
    assert signature_digest("mediators.tsv") != signature_digest("populations.yaml")


@pytest.mark.parametrize("more", [{}, {"study": "simulated"}])
def test_a_path_without_a_study_is_read_and_nothing_is_simulated(more: dict[str, str]) -> None:
    (dataset,) = config.check({"datasets": [{**ONE[0], "path": "mine.h5ad", **more}]}, "run.yaml").datasets
    assert dataset.study == "mine.h5ad"


def test_a_folder_with_the_name_of_a_study_is_read_as_a_path() -> None:
    (dataset,) = config.check({"datasets": [{**ONE[0], "path": "GSE154659"}]}, "run.yaml").datasets
    assert not is_registered(dataset.study)


def test_a_checked_configuration_is_the_same_when_read_again(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("title: no\nseed: 010\ndatasets: [{id: a, compartment: drg}]\n")
    run = config.load(tmp_path / "run.yaml")
    (tmp_path / "run.json").write_text(json.dumps(run.model_dump()))
    assert config.load_merged([tmp_path / "run.json"], {}) == run
    assert (run.title, run.seed) == ("no", 10)


def test_values_of_a_command_line_win_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("datasets: [{id: a, compartment: drg}]\ncontrast: {formula: ~ sex}\n")
    run = config.load_merged([tmp_path / "run.yaml"], {"contrast": {"relabelings": 5}, "seed": 3})
    assert (run.contrast.formula, run.contrast.relabelings, run.seed) == ("~ sex", 5, 3)
