"""What the pages tell a reader to type works."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import yaml

from dolor import config
from dolor.knowledge import catalog, populations
from dolor.scores.statistics import STATISTICS
from dolor.studies import registry

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def module_of(page: str, path: Path) -> ModuleType:
    """Import the file that a page shows."""
    path.write_text(blocks(page, "python")[0], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted(path.name for path in (DOCS / "notebooks").glob("*.md")))
def test_notebooks_run(page: str, tmp_path: Path) -> None:
    """All cells of a notebook, one after the other, as a script; the pages themselves are built by `make docs`."""
    script = tmp_path / "notebook.py"
    script.write_text("\n".join(blocks(f"notebooks/{page}", "{code-cell} ipython3")), encoding="utf-8")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, env={"MPLBACKEND": "agg"})
    assert run.returncode == 0, run.stderr


def test_the_shown_score_keeps_the_contract(tmp_path: Path) -> None:
    method = module_of("howto/add_score.md", tmp_path / "harmonic.py").METHOD
    assert set(method.needs) <= set(STATISTICS)
    means = np.array([0.0, 1.0, 3.0])
    found = method.function({"means": means.reshape(1, 1, 3)}, {"means": means[::-1].reshape(1, 1, 3)})
    np.testing.assert_allclose(found.ravel(), [0, 1, 0])


def test_the_shown_reader_reads(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("barcode\tgene\tcount\nc2\tNA\t3\nc1\tActb\t1\n")
    found = module_of("howto/add_reader.md", tmp_path / "triplets.py").read_triplets(tmp_path / "a.tsv").as_anndata()
    assert found.to_df().to_dict() == {"Actb": {"c1": 1, "c2": 0}, "NA": {"c1": 0, "c2": 3}}


def test_the_shown_population_is_sound(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(blocks("howto/add_population.md", "yaml")[0], encoding="utf-8")
    assert isinstance(populations.validate(tmp_path / "own.yaml"), pd.DataFrame)
    assert populations.tree(tmp_path / "own.yaml").ancestors("th17")[0] == "cd4_t_cell"


def test_the_shown_dataset_is_sound(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(blocks("howto/add_dataset.md", "yaml")[0], encoding="utf-8")
    assert registry.validate(tmp_path / "own.yaml") == []
    assert registry.show("my_drg", extra=[tmp_path / "own.yaml"]).readable


def test_the_shown_pairs_are_read(tmp_path: Path) -> None:
    (tmp_path / "own.tsv").write_text(blocks("howto/own_pairs.md", "text")[0], encoding="utf-8")
    assert catalog.read_pairs(tmp_path / "own.tsv", "mouse")["interaction_id"].tolist()[0] == "CX3CL1:CX3CR1"


@pytest.mark.parametrize("page", ["own_data", "own_pairs", "add_population"])
def test_the_shown_keys_are_those_of_a_configuration(page: str) -> None:
    shown = [yaml.safe_load(text) for text in blocks(f"howto/{page}.md", "yaml")]
    keys = [part for part in shown if "populations" not in part]
    assert keys
    for part in keys:
        config.check({"datasets": [{"id": "a", "compartment": "drg"}], **part}, page)


def test_links_and_pictures_are_there() -> None:
    for path in DOCS.rglob("*.md"):
        if "_build" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text) + re.findall(r"```\{(?:image|include)\} (\S+)", text)
        for target in targets:
            assert (path.parent / target).exists(), f"{path.name} points to {target}"
