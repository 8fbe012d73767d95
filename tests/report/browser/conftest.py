"""A browser, and reports opened in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dolor.report import build

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# These tests ask whether a page opens, not how fast: a busy machine may take a minute to start Chromium.
PATIENCE_MS = 120_000


@pytest.fixture(scope="package")
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
        self.page.goto(path.as_uri(), timeout=PATIENCE_MS)

    @property
    def rows(self) -> int:
        """Number of rows that the table of signals says it shows."""
        return int(self.page.locator("#table-status").inner_text().split(" row")[0].replace(",", ""))

    def ready(self) -> Any:
        self.page.wait_for_selector("html.ready", timeout=PATIENCE_MS)
        return self.page

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.fixture(scope="package")
def report(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return build(make_run(datasets=("toy_drg", "toy_cord")), folder / "report.html", title="Toy")


@pytest.fixture(scope="package")
def hostile_report(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return build(make_run(hostile=True), folder / "report.html", title="</title><script>alert(1)</script>")


@pytest.fixture
def visit_to(chromium: Any) -> Callable[..., Visit]:
    """Return a way to open a report."""

    def visit(path: Path, **context: Any) -> Visit:
        return Visit(chromium, path, **context)

    return visit
