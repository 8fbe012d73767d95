"""Size and speed of the report with many rows, in a headless Chromium.

Usage: ``python benchmarks/bench_report.py [--datasets 10] [--rows 10000 44000 100000]``

Results are made up (``tests/report/made_results.py``): each dataset has about so many rows of contrasts. Printed: rows,
processor seconds to build, size of the file, seconds until the page can be used (``html.ready``), and milliseconds
until one filter is applied (median of 9 words typed into the search field), sorting included. Wall times depend on what
else the machine does; its load is printed too, and the processor seconds of the page's main thread, which do not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "report"))
from made_results import make_results

from dolor.knowledge import catalog, populations
from dolor.report import build

COMPARISONS, CELL_TYPES = 7, 16
PAIRS = len(catalog.interactions("mouse"))
FILTER = """(word) => {
    const search = document.querySelector('#filters input[type=search]');
    const start = performance.now();
    search.value = word;
    search.dispatchEvent(new Event('input'));
    return performance.now() - start;
}"""
WORDS = ("t", "tn", "tnf", "il", "il1", "ccl", "mac", "noci", "")


def measure(datasets: int, rows: int, folder: Path) -> str:
    """Make a report and open it."""
    repeat = max(1, round(rows / (COMPARISONS * CELL_TYPES**2 * PAIRS)))
    n_pairs = round(rows / (COMPARISONS * CELL_TYPES**2 * repeat))
    names = tuple(populations.tree().ids()[:CELL_TYPES])
    ids = tuple(f"made_up_{number}" for number in range(datasets))
    folder.mkdir()
    results = make_results(folder, datasets=ids, n_pairs=n_pairs, repeat=repeat, populations=names)
    before = time.process_time()
    page_path = build(results, folder / "report.html")
    built = time.process_time() - before
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        ready, worked = [], []
        for _ in range(3):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            thread = page.context.new_cdp_session(page)
            thread.send("Performance.enable", {"timeDomain": "threadTicks"})
            start = time.perf_counter()
            page.goto(page_path.as_uri(), timeout=120_000)
            page.wait_for_selector("html.ready", timeout=120_000)
            ready.append(time.perf_counter() - start)
            said = {one["name"]: one["value"] for one in thread.send("Performance.getMetrics")["metrics"]}
            worked.append(said["TaskDuration"])
        page.locator("#filters select[name=comparison]").select_option("")
        shown = page.locator("#table-status").inner_text().split(" row")[0]
        took = statistics.median(page.evaluate(FILTER, word) for word in WORDS)
        browser.close()
    size = page_path.stat().st_size / 1e6
    return (
        f"{datasets} datasets, {shown} rows: built in {built:.1f} processor seconds, {size:.1f} MB, "
        f"usable after {min(ready):.2f} s (best of 3; {', '.join(f'{one:.2f}' for one in ready)}; "
        f"{min(worked):.2f} processor seconds of the main thread), "
        f"filter {took:.0f} ms; load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Print one line for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", type=int, default=10)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 44_000, 100_000], help="a dataset")
    options = parser.parse_args()
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(options.datasets, rows, Path(folder) / "results"), flush=True)


if __name__ == "__main__":
    main()
