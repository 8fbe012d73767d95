"""Every fault of the list has tests that exist, and the page says what the list says."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("make_faults_page", ROOT / "tools/make_faults_page.py")
make_faults_page = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make_faults_page)


def test_every_fault_names_tests_that_exist() -> None:
    rows = make_faults_page.faults()
    assert len({(row["kind"], row["fault"]) for row in rows}) == len(rows)
    absent = {}
    for row in rows:
        assert row["tests"], f"no test shows '{row['fault']}'"
        for test in row["tests"].split():
            path, _, name = test.partition("::")
            file = ROOT / "tests" / path
            tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
            if name not in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}:
                absent[test] = row["fault"]
    assert not absent, "tests/faults/faults.tsv names tests that are not there"


def test_the_committed_page_is_the_generated_one() -> None:
    assert make_faults_page.PAGE.read_text(encoding="utf-8") == make_faults_page.page()
