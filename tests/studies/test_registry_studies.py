"""Each study whose files are known is read from small files in exactly its format."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dolor.core.errors import DataError
from dolor.studies import registry
from dolor.studies.fetch import fetch
from dolor.studies.read import read_study

sys.path.insert(0, str(Path(__file__).parents[1] / "make_formats"))
from studies import STUDIES

# These are read whole from the shared data, in other tests of this folder.
SHARED = {"kang2018", "yu2024_xenium", "tms_liver", "allen_m1"}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which a local server offers it."""
    folder = tmp_path_factory.mktemp("mirror")
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


def test_every_readable_study_has_its_small_files() -> None:
    table = registry.table()
    assert set(table.loc[table["readable"] == "yes", "id"]) == STUDIES.keys() | SHARED


@pytest.mark.parametrize("name", STUDIES)
def test_the_study_is_fetched_and_read(
    name: str, mirror: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = mirror[0] / name
    folder.mkdir()
    make, expected = STUDIES[name]
    make(folder)
    monkeypatch.setenv("DOLOR_DATA", str(tmp_path))
    fetch(name, mirror=mirror[1])
    cells, _, _ = read_study(name)
    samples = cells.obs[["sample_id", "condition", "sex"]].astype(str).drop_duplicates()
    assert set(samples.itertuples(index=False, name=None)) == expected
    study = registry.show(name)
    assert set(cells.obs["organism"]) == {study.organism}
    assert {"Calca", "CALCA"} & set(cells.var_names)
    assert set(cells.obs["condition_model"]) <= {condition.model for condition in study.conditions}


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    for name in ("GSE285983", "GSE103892", "GSE197289"):
        (tmp_path / name).mkdir()
        STUDIES[name][0](tmp_path / name)
    left = {name: read_study(name, path=tmp_path)[2] for name in ("GSE285983", "GSE103892", "GSE197289")}
    assert left["GSE285983"] == {
        "without a single count": 6, "not in the metadata": 8, "level2 is not CTRL or CIDP or CIAP": 1
    }  # fmt: skip
    assert sum(left["GSE103892"].values()) == 1
    assert left["GSE197289"] == {"described in two ways by the metadata": 1}


def test_a_study_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file; get it with  dolor datasets fetch GSE155622"):
        read_study("GSE155622", path=tmp_path)


@pytest.mark.parametrize("name", ["yu2024_xenium", "tms_liver", "allen_m1"])
def test_the_shared_files_are_read(name: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOLOR_DATA", str(data_dir))
    cells, _, _ = read_study(name)
    study = registry.show(name)
    found = cells.obs.drop_duplicates("donor_id" if name == "allen_m1" else "sample_id").groupby(
        "condition", observed=True
    )
    assert found.size().to_dict() == study.replicates
    assert set(cells.obs["sex"]) <= set(study.sexes)
