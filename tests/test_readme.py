"""The code of the README runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import anndata
import pandas as pd
import pytest

import dolor as dl

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def adata() -> anndata.AnnData:
    """A scanpy user's object: raw counts in X, few columns of obs."""
    cells = dl.simulate.study("drg", seed=1, n_animals=2, cells_per_sample=100).cells
    obs = cells.obs[["sample_id", "condition", "truth_class"]].rename(columns={"truth_class": "leiden"})
    return anndata.AnnData(cells.layers["counts"].copy(), obs=obs, var=cells.var[[]])


def test_three_lines_lead_from_a_scanpy_object_to_a_ranked_table_and_a_dot_plot(
    adata: anndata.AnnData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = README.split("## In a scanpy session")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(code.strip().splitlines()) == 3
    monkeypatch.chdir(tmp_path)
    session: dict[str, object] = {"dl": dl, "adata": adata}
    exec(code, session)  # noqa: S102  our own README
    ranked = session["ranked"]
    assert isinstance(ranked, pd.DataFrame)
    assert ranked["magnitude_rank"].dropna().is_monotonic_increasing
    assert ranked["score"].notna().any()
    assert (tmp_path / "signals.pdf").read_bytes().startswith(b"%PDF")
    assert "counts" not in adata.layers
