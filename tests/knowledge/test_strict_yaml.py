"""YAML that says what its author wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from dolor.core import package_files
from dolor.core.errors import DataError


def _load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return package_files.load(path)


@pytest.mark.parametrize("symbol", ["NO", "no", "ON", "NA", "1E5", "012", "1_000", "2020-01-01", "yes", "TRUE"])
def test_what_looks_like_a_symbol_stays_text(tmp_path: Path, symbol: str) -> None:
    assert _load(tmp_path, f"gene: {symbol}\n") == {"gene": symbol}


def test_plain_numbers_and_booleans_are_read(tmp_path: Path) -> None:
    assert _load(tmp_path, "a: 3\nb: -1.5\nc: true\nd: [false, 0]\n") == {"a": 3, "b": -1.5, "c": True, "d": [False, 0]}


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: x\r\n")
    assert package_files.load(path) == {"a": 1, "b": "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "the key 'a' is duplicated"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
        ("a: [1\n", "not valid YAML"),
    ],
)
def test_refusals_name_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        _load(tmp_path, text)
    assert "file.yaml" in str(caught.value)


def test_missing_file() -> None:
    with pytest.raises(DataError, match="no such file"):
        package_files.load("absent.yaml")
