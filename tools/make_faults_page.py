"""Write docs/faults.md: every fault that dolor is known to survive, what it answers, and the test that shows it.

    python tools/make_faults_page.py

The list is ``tests/faults/faults.tsv``; ``make faults`` runs its tests.
"""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests/faults/faults.tsv"
PAGE = ROOT / "docs/faults.md"

_HEAD = """# Faults tried and survived

Written by `tools/make_faults_page.py` from `tests/faults/faults.tsv`; `make faults` runs the tests.

The answer to bad input is one sentence that names the file, the field and the values, and says what to do; exit code
2 (usage), 3 (data), 4 (integrity) or 5 (network); no traceback without `--debug`; no half-written file.
"""


def faults() -> list[dict[str, str]]:
    """Read the list: ``kind``, ``fault``, ``answer``, and ``tests`` (paths below ``tests/``, with the function)."""
    with LIST.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def page() -> str:
    """Return the page."""
    rows = faults()
    text = [_HEAD, f"{len(rows)} faults, {len({test for row in rows for test in row['tests'].split()})} tests."]
    for kind, members in groupby(rows, key=lambda row: row["kind"]):
        text += ["", f"## {kind}", "", "| fault | answer | shown by |", "|---|---|---|"]
        for row in members:
            shown = "<br>".join(f"`{test}`" for test in row["tests"].split())
            text.append(f"| {row['fault']} | {row['answer']} | {shown} |")
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
