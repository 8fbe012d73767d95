"""The whole path finds again what a simulated study hides."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """Return the benchmark that measures it, which `python benchmarks/bench_truth.py` prints for more seeds."""
    path = Path(__file__).resolve().parents[1] / "benchmarks" / "bench_truth.py"
    spec = importlib.util.spec_from_file_location("truth", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_labels_changes_and_nulls_are_recovered(benchmark: ModuleType) -> None:
    found = benchmark.recover("nerve", seed=1)
    assert found["class"] >= 0.97
    assert found["subset_f1"] >= 0.85
    assert found["planted"] >= 5
    assert found["sign_right"] >= 0.9
    assert found["called"] >= 0.5
    assert found["null_tests"] > 50
    assert found["null_below_005"] <= 0.15
