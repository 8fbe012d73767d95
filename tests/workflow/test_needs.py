"""What jobs ask for: a line for every rule, more at each attempt, more for larger input."""

from __future__ import annotations

import re

import pytest
from workflow_runs import ROOT

from dolor.workflow.needs import memory_mb, runtime_minutes, table

# A download runs where the workflow was started, and asks for nothing.
RULES = [
    rule
    for path in sorted((ROOT / "workflows" / "rules").glob("*.smk"))
    for rule in re.findall(r"^rule (\w+):", path.read_text(), flags=re.MULTILINE)
    if rule != "fetch"
]


def test_every_rule_has_its_line() -> None:
    assert set(RULES) == set(table().index)


@pytest.mark.parametrize("rule", RULES)
def test_a_job_asks_for_more_each_time_and_never_for_less_with_larger_input(rule: str) -> None:
    for need in (memory_mb, runtime_minutes):
        assert need(rule, 10.0, attempt=2) == 2 * need(rule, 10.0)
        assert need(rule, 10_000.0) >= need(rule, 10.0) > 0


def test_annotation_of_a_large_study_asks_for_more_than_of_a_small_one() -> None:
    assert memory_mb("annotate", 5000.0) > 2 * memory_mb("annotate", 20.0)
