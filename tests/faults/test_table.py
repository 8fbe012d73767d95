"""Every fault of the list has tests that exist, and the page says what the list says."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("make_faults_page", ROOT / "tools/make_faults_page.py")
make_faults_page = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make_faults_page)


def test_every_fault_names_tests_that_exist() -> None:
    rows = make_faults_page.faults()
    assert len({(row["kind"], row["fault"]) for row in rows}) == len(rows)
    assert all(row["tests"] for row in rows)
    assert _absent([test for row in rows for test in row["tests"].split()]) == []


def test_every_promise_of_security_names_tests_that_exist() -> None:
    rows = [line for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    named = [re.findall(r"`(\S+::\S+)`", row) for row in rows[1:]]
    assert named
    assert all(named)
    assert _absent([test for tests in named for test in tests]) == []


def _absent(tests: list[str]) -> list[str]:
    absent = []
    for test in tests:
        path, _, name = test.partition("::")
        file = ROOT / "tests" / path
        tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
        if name not in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}:
            absent.append(test)
    return absent


def test_the_committed_page_is_the_generated_one() -> None:
    assert make_faults_page.PAGE.read_text(encoding="utf-8") == make_faults_page.page()
