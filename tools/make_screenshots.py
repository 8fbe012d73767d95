"""Take the pictures of the tutorial from a finished report, in headless Chromium.

    python tools/make_screenshots.py results/report.html

The report is that of `make demo`, whose animals are simulated. Needs `pip install playwright` and Chromium.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[1] / "docs/images"
# Name of the picture -> the section of the report that it begins with; empty: the top.
SECTIONS = {
    "report_top": "",
    "report_cells": "#cells",
    "report_crosstalk": "#crosstalk",
    "report_contrasts": "#contrasts",
    "report_claims": "#claims",
}
_PATIENCE_MS = 120_000


def main() -> None:
    """Open the report and save one picture a section."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    report = parser.parse_args().report.resolve()
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.goto(report.as_uri(), timeout=_PATIENCE_MS)
        page.wait_for_selector("html.ready", timeout=_PATIENCE_MS)
        for name, anchor in SECTIONS.items():
            if anchor:
                page.locator(anchor).evaluate("element => element.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(1500)
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
