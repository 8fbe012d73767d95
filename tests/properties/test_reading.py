"""Whatever a file holds, a loader gives a table or one of our own errors that names the file."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dolor import config
from dolor.core.errors import DolorError
from dolor.io.metadata import read_metadata
from dolor.io.write import read_table, write_table
from dolor.knowledge import catalog, populations
from dolor.studies import registry

ROOT = Path(__file__).resolve().parents[2]


def _pairs(path: Path) -> None:
    path.write_text("ligand\treceptor\teffect\nCCL2\tCCR2\tpro\nIL6\tIL6R+IL6ST\tpro\n")


def _markers(path: Path) -> None:
    path.write_text("population\tgene\tsign\torganism\nmine\tTrem2\t+\tmouse\nmine\tCd3e\t-\tmouse\n")


def _tree(path: Path) -> None:
    path.write_text("populations:\n  - id: mine\n    parent: immune\n    positive: {mouse: [Trem2, Cd68]}\n")


def _metadata(path: Path) -> None:
    path.write_text('barcode,condition,sex\nAAAC,naive,"F"\nAAAG,sni,M\n')


def _data_frame(path: Path) -> None:
    path.write_bytes(gzip.decompress((ROOT / "tests/make_formats/r/metadata.rds").read_bytes()))


def _studies(path: Path) -> None:
    text = (ROOT / "signatures/datasets.yaml").read_text()
    path.write_text(text[: text.index("\n\n", 4000)])


def _parquet(path: Path) -> None:
    write_table(pd.DataFrame({"sender": ["a", "b"], "score": [1.0, 2.0]}), path)


LOADERS: dict[str, tuple[str, Callable[[Path], object], Callable[[Path], object]]] = {
    "pairs": ("a.tsv", _pairs, lambda path: catalog.read_pairs(path, "human")),
    "markers": ("a.tsv", _markers, populations.load),
    "populations": ("a.yaml", _tree, populations.load),
    "metadata": ("a.csv", _metadata, read_metadata),
    "metadata of R": ("a.rds", _data_frame, read_metadata),
    "registry": ("a.yaml", _studies, lambda path: registry.load(path)),
    "config": ("a.yaml", lambda path: shutil.copy(ROOT / "config/config.yaml", path), config.load),
    "table": ("a.parquet", _parquet, read_table),
}


@pytest.mark.parametrize("kind", LOADERS)
@given(
    place=st.floats(0, 1),
    junk=st.one_of(
        st.binary(min_size=1, max_size=6), st.sampled_from([b"\t", b"\n", b"\0", b"'", b"[", b"!!x", b"\xff"])
    ),
    removed=st.integers(0, 40),
)
def test_loaders_raise_nothing_but_our_own_errors(
    tmp_path: Path, kind: str, place: float, junk: bytes, removed: int
) -> None:
    name, make, load = LOADERS[kind]
    seed = tmp_path / f"seed.{name}"
    if not seed.exists():
        make(seed)
        load(seed)
    content = seed.read_bytes()
    start = int(place * len(content))
    broken = tmp_path / name
    broken.write_bytes(content[:start] + junk + content[start + removed :])
    try:
        load(broken)
    except DolorError as error:
        assert name in str(error)  # noqa: PT017
