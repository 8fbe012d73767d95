"""The report in a real browser: what a reader meets, and what hostile data must not do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dolor.report import build

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("needs Chromium, which is not on the PATH")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (pip install 'dolor[test]')")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page opened from disk, with everything it said or asked for."""

    def __init__(self, chromium: Any, path: Path, **context: Any) -> None:
        self.context = chromium.new_context(viewport={"width": 1280, "height": 900}, **context)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def ready(self) -> Any:
        self.page.wait_for_selector("html.ready", timeout=20_000)
        return self.page

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.fixture(scope="module")
def report(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return build(make_run(datasets=("toy_drg", "toy_cord")), folder / "report.html", title="Toy")


@pytest.fixture(scope="module")
def hostile_report(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return build(make_run(hostile=True), folder / "report.html", title="</title><script>alert(1)</script>")


def count_rows(page: Any) -> int:
    return int(page.locator("#table-status").inner_text().split(" row")[0].replace(",", ""))


def test_page_opens_without_complaint_and_asks_for_nothing(chromium: Any, report: Path) -> None:
    with Visit(chromium, report) as visit:
        visit.ready()
        assert visit.said == []
        assert visit.asked == [report.as_uri()]


def test_every_section_is_filled(chromium: Any, report: Path) -> None:
    with Visit(chromium, report) as visit:
        page = visit.ready()
        for section in ("found", "cells", "crosstalk", "contrasts", "claims", "methods"):
            assert len(page.locator(f"#{section}").inner_text()) > 200, section
        assert page.locator(".simulated").is_visible()
        assert page.locator("#cells canvas").count() == 2
        assert page.locator(".vt-row").count() > 5


def test_filters_narrow_the_table(chromium: Any, report: Path) -> None:
    with Visit(chromium, report) as visit:
        page = visit.ready()
        everything = count_rows(page)
        page.get_by_label("only q < 0.05").check()
        found = count_rows(page)
        assert 0 < found < everything
        page.locator("#filters select[name=sender]").select_option("neutrophil")
        senders = page.locator(".vt-row > :nth-child(3)").all_inner_texts()
        assert set(senders) == {"neutrophil"}
        page.get_by_role("button", name="Clear filters").click()
        assert count_rows(page) == everything
        page.get_by_label("find").fill("no such mediator")
        assert count_rows(page) == 0


def test_sorting_by_a_column_orders_its_values(chromium: Any, report: Path) -> None:
    with Visit(chromium, report) as visit:
        page = visit.ready()
        header = page.get_by_role("columnheader").filter(has_text="score")
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "descending"
        scores = [float(text) for text in page.locator(".vt-row > :nth-child(10)").all_inner_texts()]
        assert scores == sorted(scores, reverse=True)


def test_row_opens_its_evidence_by_keyboard_and_closes_back(chromium: Any, report: Path) -> None:
    with Visit(chromium, report) as visit:
        page = visit.ready()
        page.locator(".vt").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#evidence:not([hidden])")
        text = page.locator("#evidence").inner_text()
        assert "What the review says" in text
        assert "interferon" in text
        assert page.locator("#evidence svg").count() >= 3
        page.get_by_role("button", name="Close").click()
        assert page.evaluate("document.activeElement.className") == "vt"


def test_map_leads_to_the_table(chromium: Any, report: Path) -> None:
    with Visit(chromium, report) as visit:
        page = visit.ready()
        bundle = page.locator("figure.map:not([hidden]) .bundle").first
        mediator = bundle.get_attribute("data-mediator")
        bundle.focus()
        page.keyboard.press("Enter")
        assert page.locator("#filters select[name=mediator]").input_value() == mediator
        assert count_rows(page) > 0


def test_download_neutralises_formulas(chromium: Any, hostile_report: Path) -> None:
    with Visit(chromium, hostile_report, accept_downloads=True) as visit:
        page = visit.ready()
        with page.expect_download() as download:
            page.get_by_role("button", name="All signals").click()
        lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
        cells = [cell for line in lines[1:] for cell in line.split("\t")]
        assert any(cell.startswith("'=cmd") for cell in cells)
        assert not any(cell.startswith(("=", "+", "@")) for cell in cells)
        assert len({line.count("\t") for line in lines}) == 1


def test_hostile_labels_run_nothing(chromium: Any, hostile_report: Path) -> None:
    with Visit(chromium, hostile_report) as visit:
        page = visit.ready()
        page.locator(".vt-row").first.click()
        page.wait_for_selector("#evidence:not([hidden])")
        assert visit.said == []
        assert visit.asked == [hostile_report.as_uri()]
        assert page.title() == "</title><script>alert(1)</script>"
        assert page.locator("img").count() == 0


def test_figures_show_without_javascript(chromium: Any, report: Path) -> None:
    with Visit(chromium, report, java_script_enabled=False) as visit:
        page = visit.page
        assert page.locator("#cells svg.embedding").first.is_visible()
        assert page.locator("#contrasts svg.volcano").first.is_visible()
        assert page.locator("svg.axis-map").first.is_visible()
        assert not page.locator("#filters").is_visible()


@pytest.mark.parametrize("n_pairs", [0, 1])
def test_small_reports_open(chromium: Any, make_run: Callable[..., Path], tmp_path: Path, n_pairs: int) -> None:
    path = build(make_run(n_pairs=n_pairs), tmp_path / "report.html")
    with Visit(chromium, path) as visit:
        visit.ready()
        assert visit.said == []


def test_page_fits_a_phone(chromium: Any, report: Path) -> None:
    with Visit(chromium, report) as visit:
        page = visit.ready()
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_hundred_thousand_rows_stay_quick(chromium: Any, make_run: Callable[..., Path], tmp_path: Path) -> None:
    path = build(make_run(n_pairs=30, repeat=36), tmp_path / "report.html")
    with Visit(chromium, path) as visit:
        page = visit.ready()
        page.locator("#filters select[name=comparison]").select_option("")
        assert count_rows(page) > 100_000
        took = page.evaluate(
            """() => {
                const search = document.querySelector('#filters input[type=search]');
                const start = performance.now();
                search.value = 'tnf';
                search.dispatchEvent(new Event('input'));
                return performance.now() - start;
            }"""
        )
        # 20 ms here; the limit leaves room for a slow and busy machine.
        assert took < 1000
        assert 0 < count_rows(page) < 100_000
        page.get_by_role("button", name="Clear filters").click()
        page.locator(".vt").focus()
        page.keyboard.press("End")
        last = page.locator(".vt-row[aria-selected=true]")
        assert int(last.get_attribute("aria-rowindex") or 0) == count_rows(page) + 1
        assert last.is_visible()
    assert path.stat().st_size < 8e6
