"""For readers who use a keyboard, a screen reader, dark mode, a phone or paper.

Checked by axe-core (Deque Systems, MPL-2.0), which the package axe-playwright-python (MIT) brings for tests only.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from dolor.report import build

pytestmark = pytest.mark.browser

VisitTo = Callable[..., Any]
WHERE = """() => {
    const section = document.activeElement.closest('section, header');
    return section?.id || section?.className;
}"""
CELL = """() => {
    const cell = document.activeElement.closest('td');
    const { sender } = cell.parentElement.cells[0].dataset;
    const { receiver } = cell.closest('table').rows[0].cells[cell.cellIndex].dataset;
    return [sender, receiver];
}"""
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    pytest.importorskip("axe_playwright_python", reason="needs axe-core (pip install 'dolor[test]')")
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_violation(visit_to: VisitTo, report: Path, axe: str, scheme: str, screen: dict[str, int]) -> None:
    with visit_to(report, color_scheme=scheme) as visit:
        page = visit.ready()
        page.set_viewport_size(screen)
        page.locator(".vt-row").nth(1).click()
        page.wait_for_selector("#evidence:not([hidden])")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.evaluate(axe)
        found = page.evaluate("axe.run()")
        said = [(rule["id"], [node["html"][:120] for node in rule["nodes"][:3]]) for rule in found["violations"]]
        assert said == []
        assert len(found["passes"]) > 20


def test_keyboard_reaches_the_findings_the_table_and_back(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
        assert page.locator(".skip").bounding_box()["x"] >= 0
        seen: set[str] = set()
        for _ in range(300):
            page.keyboard.press("Tab")
            seen.add(page.evaluate(WHERE))
            if "claims" in seen:
                break
        assert {"masthead", "found", "cells", "crosstalk", "contrasts", "claims"} <= seen


def test_pointer_is_never_needed_to_open_a_heatmap_cell_or_a_mediator(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        page.locator(".heat").first.scroll_into_view_if_needed()
        page.locator(".heat button").first.wait_for()
        for selector in (".heat button", "figure.map:not([hidden]) .bundle", ".overview button"):
            first = page.locator(selector).first
            first.focus()
            assert page.evaluate("(one) => one === document.activeElement", first.element_handle()), selector


def test_print_shows_figures_and_no_controls(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        page.emulate_media(media="print")
        assert not page.locator("nav").is_visible()
        assert not page.locator("#filters").is_visible()
        assert page.locator("svg.axis-map").first.is_visible()
        assert page.locator("#contrasts svg.volcano").first.is_visible()
        assert page.pdf().startswith(b"%PDF")


def test_dark_mode_turns_the_paper_dark(visit_to: VisitTo, report: Path) -> None:
    papers = []
    for scheme in ("light", "dark"):
        with visit_to(report, color_scheme=scheme) as visit:
            papers.append(visit.ready().evaluate("getComputedStyle(document.body).backgroundColor"))
    assert papers == ["rgb(255, 255, 255)", "rgb(21, 24, 28)"]


@pytest.mark.parametrize("figure", [".contrast:not([hidden]) svg.volcano", ".sexes svg"])
def test_keys_move_over_the_points_of_a_figure_and_open_their_evidence(
    visit_to: VisitTo, report: Path, figure: str
) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        chart = page.locator(f"#contrasts .panel:not([hidden]) {figure}").first
        chart.focus()
        names = []
        for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "Home"):
            page.keyboard.press(key)
            names.append(chart.get_attribute("aria-valuetext"))
        assert names[0] == names[2] == names[4]
        assert len({names[0], names[1], names[3]}) == 3
        last = int(chart.get_attribute("aria-valuemax"))
        page.keyboard.press("End")
        assert int(chart.get_attribute("aria-valuenow")) == last > 50
        page.keyboard.press("Home")
        page.keyboard.press("Enter")
        page.wait_for_selector("#evidence:not([hidden])")
        assert page.locator("#evidence h3").inner_text() == names[4].split(", log2 change")[0]
        page.get_by_role("button", name="Close").click()
        assert chart.evaluate("(one) => one === document.activeElement")


def test_every_point_of_a_volcano_is_reached(visit_to: VisitTo, make_run: Callable[..., Path], tmp_path: Path) -> None:
    path = build(make_run(n_pairs=2), tmp_path / "report.html")
    with visit_to(path) as visit:
        page = visit.ready()
        chart = page.locator(".contrast:not([hidden]) svg.volcano").first
        chart.focus()
        page.keyboard.press("Home")
        points = int(chart.get_attribute("aria-valuemax"))
        for back, on in (("ArrowUp", "ArrowDown"), ("ArrowLeft", "ArrowRight")):
            for _ in range(points):
                page.keyboard.press(back)
            seen = set()
            for _ in range(points):
                seen.add(chart.get_attribute("aria-valuetext"))
                page.keyboard.press(on)
            assert len(seen) == points > 10


def test_a_heatmap_is_one_stop_and_arrows_move_between_its_cells(visit_to: VisitTo, report: Path) -> None:
    with visit_to(report) as visit:
        page = visit.ready()
        heat = page.locator("#contrasts .panel:not([hidden]) .contrast:not([hidden]) .heat")
        heat.scroll_into_view_if_needed()
        heat.locator("button").first.wait_for()
        cells = heat.locator("button")
        assert cells.count() > 4
        assert heat.locator("button[tabindex='0']").count() == 1
        heat.locator("button[tabindex='0']").focus()
        reached = {tuple(page.evaluate(CELL))}
        for key in (["ArrowRight"] * 5 + ["Home", "ArrowDown"]) * 5:
            page.keyboard.press(key)
            reached.add(tuple(page.evaluate(CELL)))
        assert len(reached) == cells.count()
        sender, receiver = page.evaluate(CELL)
        page.keyboard.press("Enter")
        assert page.locator("#filters select[name=sender]").input_value() == sender
        assert page.locator("#filters select[name=receiver]").input_value() == receiver
