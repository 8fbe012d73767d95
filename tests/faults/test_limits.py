"""Configurations, formulas and machines that would take for ever, or all there is: a sentence, and soon."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from anndata import AnnData

from dolor.cli.main import printable
from dolor.config import load
from dolor.contrasts.linear.design import build_design
from dolor.core import package_files
from dolor.core.errors import DataError, DesignError, DolorError, UsageError

ALIASES = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))


@pytest.mark.parametrize(
    "text",
    [
        ALIASES,
        "a: &a [*a]\n",
        "[" * 60 + "]" * 60,
        "[" * 5000 + "]" * 5000,
        "a: " + "9" * 5000,
        "? [1, 2]\n: 3\n",
        "a: \0",
    ],
    ids=["aliases", "circle", "deep", "very deep", "digits", "key", "null"],
)
def test_yaml_that_stands_for_more_than_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        package_files.load(path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "text",
    ["x" * 9000 + ": 1", "title: {" + "a: " + "y" * 9000 + "}", "datasets: " + "z" * 9000, "'" + "k" * 9000 + "': 1"],
)
def test_messages_show_the_start_of_a_long_value(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(DolorError) as caught:
        load(path)
    assert max(len(word) for word in str(caught.value).split()) < 200


@pytest.mark.parametrize(
    "formula",
    [
        "~ (condition + sex + batch)**20",
        "~ (condition + sex + batch)^20",
        "~ ((condition + sex)**2)**9",
        "~ " + " * ".join(f"c{i}" for i in range(24)),
        "~ " + "(" * 400 + "condition" + ")" * 400,
        "~ " + " + ".join(f"c{i}" for i in range(400)),
        "~ " + "/".join(f"c{i}" for i in range(40)),
        "~ {__import__('os').getcwd()}",
        "~ np.exp(condition)",
    ],
)
def test_formulas_without_end_or_with_code_are_refused(formula: str) -> None:
    samples = pd.DataFrame({"condition": ["a", "b"], "sex": ["f", "m"], "batch": ["1", "2"]})
    with pytest.raises((UsageError, DesignError)):
        build_design(samples, formula)


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\x9b31mb", "a\u202eb", "a\rb", "a\x07b"])
def test_names_cannot_steer_a_terminal(name: str) -> None:
    assert printable(name).isprintable()
    assert printable("µ–é 漢 \t\n") == "µ–é 漢 \t\n"


@pytest.mark.parametrize("seed", ["-1", str(2**63), "1e3"])
def test_a_seed_out_of_range_is_refused(tmp_path: Path, seed: str) -> None:
    words = ["simulate", "drg", "--seed", seed, "--out", "a.h5ad", "--truth", "t.tsv"]
    done = subprocess.run([sys.executable, "-m", "dolor", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit", [4_000, 100_000, 400_000])
def test_a_file_that_may_not_grow_is_a_sentence_and_no_crash(
    make_cells: Callable[..., AnnData], tmp_path: Path, limit: int
) -> None:
    make_cells(n_cells=60 if limit < 10_000 else 3000).write_h5ad(tmp_path / "cells.h5ad")
    (tmp_path / "out.h5ad").write_text("earlier")
    done = subprocess.run(
        [sys.executable, "-m", "dolor", "read", "cells.h5ad", "--out", "out.h5ad"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 3, done.stderr
    assert "cannot be written (" in done.stderr.splitlines()[-1]
    assert (tmp_path / "out.h5ad").read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells.h5ad", "out.h5ad"]
