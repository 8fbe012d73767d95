"""What jobs ask for: a line for every rule, more at each attempt, more for larger input."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from workflow_runs import ROOT, environment, snakemake

from dolor.workflow.paths import memory_mb, runtime_minutes, table

sys.path.insert(0, str(ROOT / "tests" / "make_formats"))
from formats import loom

if TYPE_CHECKING:
    from anndata import AnnData

# A download runs where the workflow was started, and asks for nothing.
RULES = [
    rule
    for path in sorted((ROOT / "workflows" / "rules").glob("*.smk"))
    for rule in re.findall(r"^rule (\w+):", path.read_text(), flags=re.MULTILINE)
    if rule != "fetch"
]


def test_every_rule_has_its_line() -> None:
    assert {*RULES, "read_stored"} == set(table().index)


@pytest.mark.parametrize("rule", RULES)
def test_a_job_asks_for_more_each_time_and_never_for_less_with_larger_input(rule: str) -> None:
    for need in (memory_mb, runtime_minutes):
        assert need(rule, 10.0, attempt=2) == 2 * need(rule, 10.0)
        assert need(rule, 10_000.0) >= need(rule, 10.0) > 0


@pytest.mark.workflow
@pytest.mark.parametrize(("name", "held"), [("own.h5ad", False), ("own.loom", True)])
def test_an_h5ad_file_of_ones_own_is_read_in_less_memory_than_what_is_held(
    name: str, held: bool, make_cells: Callable[[], AnnData], tmp_path: Path
) -> None:
    cells = tmp_path / name
    make_cells().write_h5ad(cells) if name.endswith(".h5ad") else loom(cells)
    os.truncate(cells, 10_000 << 20)  # a hole, that takes no place on the disk
    (tmp_path / "run.yaml").write_text(
        f"datasets: [{{id: mine, study: {name}, compartment: drg, reference: {{condition: naive}}}}]\n"
    )
    done = subprocess.run(
        snakemake(tmp_path, "--dry-run", "--until", "read"), cwd=tmp_path, capture_output=True, text=True,
        env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    asked = int(re.findall(r"rule read:.*?mem_mb=(\d+)", done.stdout + done.stderr, flags=re.DOTALL)[0])
    assert asked == memory_mb("read" if held else "read_stored", 10_000.0)


@pytest.mark.parametrize(
    ("rule", "input_mb", "used_mb"),
    [("read_stored", 775, 1001), ("quality", 1528, 1772), ("annotate", 789, 2100), ("score", 1022, 5499),
     ("contrast", 1017, 2939), ("report", 3002, 3041)],
)  # fmt: skip
def test_a_million_cells_get_what_they_were_seen_to_use(rule: str, input_mb: float, used_mb: float) -> None:
    assert memory_mb(rule, input_mb) >= used_mb
