"""The report in a real browser: what a reader meets, and what hostile data must not do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dolor.report import build

pytestmark = pytest.mark.browser

VisitTo = Callable[..., Any]


def test_page_opens_without_complaint_and_asks_for_nothing(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        visit.ready()
        assert visit.said == []
        assert visit.asked == [report.as_uri()]


def test_every_section_is_filled(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        for section in ("found", "cells", "crosstalk", "contrasts", "across", "claims", "methods"):
            page.locator(f"#{section}").scroll_into_view_if_needed()
            page.wait_for_function("(id) => document.getElementById(id).innerText.length > 200", arg=section)
        assert page.locator(".simulated").is_visible()
        page.locator("#dataset-choice").get_by_role("button", name="all").click()
        for panel in page.locator("#cells .panel").all():
            panel.scroll_into_view_if_needed()
            panel.locator("canvas").wait_for()
        assert page.locator(".vt-row").count() > 5


def test_filters_narrow_the_table(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        everything = visit.rows
        page.get_by_label("only q < 0.05").check()
        found = visit.rows
        assert 0 < found < everything
        page.locator("#filters select[name=sender]").select_option("neutrophil")
        senders = page.locator(".vt-row > :nth-child(3)").all_inner_texts()
        assert set(senders) == {"neutrophil"}
        page.get_by_role("button", name="Clear filters").click()
        assert visit.rows == everything
        page.get_by_label("find").fill("no such mediator")
        assert visit.rows == 0


def test_sorting_by_a_column_orders_its_values(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        header = page.get_by_role("columnheader").filter(has_text="score")
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "descending"
        scores = [float(text) for text in page.locator(".vt-row > :nth-child(11)").all_inner_texts()]
        assert scores == sorted(scores, reverse=True)
        for direction in ("ascending", "descending"):
            header = page.locator(".vt-head > :nth-child(9)")
            header.get_by_role("button").click()
            assert header.get_attribute("aria-sort") == direction
            cells = page.locator(".vt-row > :nth-child(9)")
            chances = [float(text) for text in cells.all_inner_texts()]
            assert chances == sorted(chances, reverse=direction == "descending")
            page.locator(".vt").focus()
            page.keyboard.press("End")
            assert cells.last.inner_text() == "–"  # what is missing stands last, whichever way
            page.keyboard.press("Home")


def test_row_opens_its_evidence_by_keyboard_and_closes_back(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
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


def test_the_changed_end_stands_beside_q_and_the_evidence_shows_both_ends(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        headings = page.locator(".vt-head button").all_inner_texts()
        q = next(place for place, text in enumerate(headings) if text.startswith("q"))
        assert headings[q + 1] == "changed end"
        row = page.locator(".vt-row").first
        qvalue, end = (row.locator(f":nth-child({q + 1 + place})").inner_text() for place in (0, 1))
        assert end == "ligand"
        row.click()
        page.locator("#evidence", has_text="ligand present").wait_for()
        evidence = page.locator("#evidence").inner_text()
        assert f"q {qvalue}," in evidence
        assert "ligand present" in evidence
        assert "receptor present, unchanged" in evidence


def test_map_leads_to_the_table(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        bundle = page.locator("figure.map:not([hidden]) .bundle").first
        mediator = bundle.get_attribute("data-mediator")
        bundle.focus()
        page.keyboard.press("Enter")
        assert page.locator("#filters select[name=mediator]").input_value() == mediator
        assert visit.rows > 0


def test_download_neutralises_formulas(visit_to: VisitTo, hostile_report: Path) -> None:
    with visit_to(hostile_report, accept_downloads=True) as visit:
        page = visit.ready()
        with page.expect_download() as download:
            page.get_by_role("button", name="All signals").click()
        lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
        cells = [cell for line in lines[1:] for cell in line.split("\t")]
        assert any(cell.startswith("'=cmd") for cell in cells)
        assert not any(cell.startswith(("=", "+", "@")) for cell in cells)
        assert len({line.count("\t") for line in lines}) == 1


def test_hostile_labels_run_nothing(visit_to: VisitTo, hostile_report: Path) -> None:
    with visit_to(hostile_report) as visit:
        page = visit.ready()
        page.locator(".vt-row").first.click()
        page.wait_for_selector("#evidence:not([hidden])")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for name in page.locator("#filters select, .map-bar select, .contrast-bar select, .claim-bar select").all():
            if name.locator("option").count() > 1:
                name.select_option(index=1)
        assert visit.said == []
        assert visit.asked == [hostile_report.as_uri()]
        assert page.title() == "</title><script>alert(1)</script>"
        assert page.locator("img").count() == 0


def test_figures_show_without_javascript(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report, java_script_enabled=False) as visit:
        page = visit.page
        assert page.locator("#contrasts .heat td").first.is_visible()
        assert page.locator("#across svg.forest").first.is_visible()
        assert page.locator("#cells svg.embedding").first.is_visible()
        assert page.locator("#contrasts svg.volcano").first.is_visible()
        assert page.locator("svg.axis-map").first.is_visible()
        assert not page.locator("#filters").is_visible()


@pytest.mark.parametrize("n_pairs", [0, 1])
def test_small_reports_open(visit_to: VisitTo, make_run: Callable[..., Path], tmp_path: Path, n_pairs: int) -> None:
    path = build(make_run(n_pairs=n_pairs), tmp_path / "report.html")
    with visit_to(path) as visit:
        visit.ready()
        assert visit.said == []


def test_page_fits_a_phone(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
