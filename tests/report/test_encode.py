"""Packing tables into the page: what comes out must be what went in, and nothing may end the island."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dolor.report import encode

KINDS = {"u1": "<u1", "u2": "<u2", "u4": "<u4", "i4": "<i4", "f4": "<f4"}


def unpack(packed: dict[str, Any]) -> np.ndarray:
    """Undo the packing as the page's script does."""
    width = int(packed["type"][1])
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), dtype=np.uint8)
    return planes.reshape(width, -1).T.copy().view(KINDS[packed["type"]]).ravel()


@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=False)))
def test_floats_keep_three_digits(values: list[float]) -> None:
    before = np.array(values, dtype=np.float32)
    after = unpack(encode.numbers(before)["numbers"])
    normal = np.isnan(before) | (np.abs(before) > 1e-30) & (np.abs(before) < 1e38)
    np.testing.assert_allclose(after[normal], before[normal], rtol=2**-12)


@given(st.lists(st.one_of(st.floats(1e-300, 1), st.floats(0.0499, 0.0501), st.just(float("nan")))))
def test_two_digits_are_kept_and_the_side_of_the_edge(values: list[float]) -> None:
    before = np.array([0.05, np.nextafter(0.05, 0), *values])
    after = unpack(encode.two_digits(before)["numbers"]).astype(float)
    assert ((after < 0.05) == (before < 0.05)).all()
    normal = np.isnan(before) | (before > 1e-37)
    np.testing.assert_allclose(after[normal], before[normal], rtol=2**-9)


@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_integers_are_exact(values: list[int]) -> None:
    assert unpack(encode.numbers(np.array(values, dtype=np.int64))["numbers"]).tolist() == values


@pytest.mark.parametrize(("n_words", "kind"), [(3, "u1"), (257, "u2"), (70_000, "u4")])
def test_words_take_the_smallest_codes(n_words: int, kind: str) -> None:
    text = [f"word{number}" for number in range(n_words)]
    packed = encode.words(pd.Series([*text, *text]))
    assert packed["codes"]["type"] == kind
    assert [packed["words"][code] for code in unpack(packed["codes"])] == [*text, *text]


def test_missing_text_is_empty() -> None:
    packed = encode.words(pd.Series(pd.Categorical(["a", None])))
    assert [packed["words"][code] for code in unpack(packed["codes"])] == ["a", ""]


def test_island_cannot_be_ended_from_within() -> None:
    text = "</script><!-- \u2028 & 'é'"
    written = encode.island({"label": text})
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written) == {"label": text}


def test_equal_tables_give_equal_bytes() -> None:
    frame = pd.DataFrame({"sender": ["b", "a"], "effect": [0.1, np.nan]})
    assert encode.island(encode.table(frame)) == encode.island(encode.table(frame.copy()))
