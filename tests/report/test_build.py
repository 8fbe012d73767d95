"""Writing the report: one file, locked, the same each time, or an error and no file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dolor.core.errors import DataError, IntegrityError
from dolor.report import build


class Elements(HTMLParser):
    """Collects elements and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def results(make_run: Callable[..., Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(make_run(), tmp_path / "results"))


def test_page_is_self_contained_and_locked(results: Path, tmp_path: Path) -> None:
    path = build(results, tmp_path / "deep" / "report.html", title="Pain & itch <1>")
    text = path.read_text(encoding="utf-8")
    elements = Elements(text).found
    policy = next(attributes["content"] or "" for tag, attributes in elements if "http-equiv" in attributes)
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/=]+'", policy)
    assert "unsafe" not in policy
    for tag, attributes in elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        assert all(not (attributes.get(name) or "").startswith(("http", "//")) for name in ("src", "href")), tag
    assert "<title>Pain &amp; itch &lt;1&gt;</title>" in text
    assert "SIMULATED DATA" in text


def test_no_script_of_ours_writes_markup() -> None:
    folder = Path(__file__).resolve().parents[2] / "src" / "dolor" / "report" / "static" / "js"
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.js"))
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "Function(", "document.write", "fetch("):
        assert word not in code, word


def test_same_results_give_the_same_bytes(results: Path, tmp_path: Path) -> None:
    first, second = (build(results, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert first == second


def test_hostile_labels_stay_text(make_run: Callable[..., Path], tmp_path: Path) -> None:
    text = build(make_run(hostile=True), tmp_path / "report.html").read_text(encoding="utf-8")
    tags = [tag for tag, _ in Elements(text).found]
    assert "img" not in tags
    assert len(re.findall(r"<script(?! type=\"application/json\")", text)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "contrasts.parquet",
        "interactions.parquet",
        "composition.parquet",
        "profiles.h5ad",
        "sex.parquet",
        "quality.json",
    ],
)
def test_missing_file_is_named_and_an_earlier_report_stays(results: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "report.html"
    out.write_text("earlier", encoding="utf-8")
    (results / "toy_drg" / name).unlink()
    with pytest.raises(DataError, match=rf"{name}: .*(is missing|no such file)"):
        build(results, out)
    assert out.read_text(encoding="utf-8") == "earlier"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]


def test_damaged_table_is_named(results: Path, tmp_path: Path) -> None:
    (results / "toy_drg" / "contrasts.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(IntegrityError, match=r"contrasts\.parquet: cannot be read"):
        build(results, tmp_path / "report.html")


def test_folder_without_datasets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no dataset"):
        build(tmp_path, tmp_path / "report.html")
    with pytest.raises(DataError, match=r"no such folder"):
        build(tmp_path / "absent", tmp_path / "report.html")


@pytest.mark.parametrize(
    "name", ["claims.parquet", "methods.md", "toy_drg/annotation_evidence.parquet", "toy_drg/response.parquet"]
)
def test_optional_parts_may_be_absent(results: Path, tmp_path: Path, name: str) -> None:
    (results / name).unlink()
    assert build(results, tmp_path / "report.html").stat().st_size > 50_000
