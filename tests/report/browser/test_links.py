"""What leads where: figures to the table, the table to the evidence, the overview to its statements, links, files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

VisitTo = Callable[..., Any]


def test_heatmap_leads_to_its_signals(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        page.locator(".contrast:not([hidden]) .heat").first.scroll_into_view_if_needed()
        button = page.locator(".contrast:not([hidden]) .heat button").first
        rising_and_falling = [int(part.lstrip("+−")) for part in button.inner_text().split()]
        button.focus()
        page.keyboard.press("Enter")
        assert visit.rows == sum(rising_and_falling)
        assert page.get_by_label("only q < 0.05").is_checked()


def test_point_of_the_sex_scatter_opens_its_evidence(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        svg = page.locator(".sexes svg").first
        svg.hover()
        diamond = svg.locator("path[fill='#8e5aa8']").first.bounding_box()
        page.mouse.move(diamond["x"] + diamond["width"] / 2, diamond["y"] + diamond["height"] / 2)
        assert "→" in page.locator(".sexes .tip").first.inner_text()
        page.mouse.down()
        page.mouse.up()
        page.wait_for_selector("#evidence:not([hidden])")
        assert "females minus males" in page.locator("#evidence p").first.inner_text()


def test_map_filters_hide_what_is_not_wanted(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        shown = "figure.map:not([hidden]) .bundle:not(.off)"
        everything = page.locator(shown).count()
        page.locator(".map-bar").get_by_label("pain type").select_option("inflammatory")
        pain_types = page.locator(shown).evaluate_all("(all) => all.map((one) => one.dataset.pain)")
        assert 0 < len(pain_types) < everything
        assert all("inflammatory" in types.split(";") for types in pain_types)
        page.locator(".map-bar").get_by_label("in whom").select_option("in females")
        assert page.locator("figure.map:not([hidden])").get_attribute("data-name") == "injured vs naive, in females"


def test_overview_of_claims_leads_to_its_statements(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        cell = page.locator(".overview td:has(button)").first
        number = sum(int(text) for text in "".join(c if c.isdigit() else " " for c in cell.inner_text()).split())
        pain = cell.get_attribute("data-pain")
        cell.get_by_role("button").click()
        claims = page.locator(".claim:not([hidden])")
        assert claims.count() == number
        assert all(
            pain in text.split(";") for text in claims.evaluate_all("(all) => all.map((one) => one.dataset.pain)")
        )


def test_every_link_has_its_target(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        links = page.locator("a[href]").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert "#across" in links
        assert all(link.startswith("#") and page.locator(link).count() == 1 for link in links)


def test_every_download_is_a_table_with_rows(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report, accept_downloads=True) as visit:
        page = visit.ready()
        buttons = page.locator("#download-buttons button")
        names = set()
        for place in range(buttons.count()):
            with page.expect_download() as download:
                buttons.nth(place).click()
            names.add(download.value.suggested_filename)
            lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
            assert len(lines) > 1, download.value.suggested_filename
            assert len({line.count("\t") for line in lines}) == 1
        assert names == {
            "signals.tsv",
            "signals_filtered.tsv",
            "composition.tsv",
            "claims.tsv",
            "meta.tsv",
            "samples.tsv",
        }


def test_dataset_choice_shows_one_dataset_or_all(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        assert page.locator("#cells .panel:not([hidden])").count() == 1
        page.locator("#dataset-choice").get_by_role("button", name="all").click()
        assert page.locator("#cells .panel:not([hidden])").count() == 2
