"""R's serialization read value by value, from bytes written here by hand."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dolor.core.errors import DataError, IntegrityError
from dolor.io.formats.r_serialization import Reader

sys.path.insert(0, str(Path(__file__).parents[1] / "make_formats"))
from r_bytes import HEAD, NIL, integers, number, reals, short_form, symbol, text


def read(content: bytes, head: bytes = HEAD) -> Any:
    return Reader(io.BytesIO(head + content), "a.rds").read()


def test_plain_vectors_and_lists() -> None:
    assert read(number(10, 2, 1, 0)).value.tolist() == [1, 0]
    assert read(reals(1.0, 2.0)).value.dtype == np.int32
    assert read(reals(1.5)).value.tolist() == [1.5]
    assert read(number(24, 3) + b"abc").value == b"abc"
    assert [one.value.tolist() for one in read(number(19, 2) + integers(1) + integers(2, 3)).value] == [[1], [2, 3]]
    assert read(number(16, 2) + text("a") + number(9, -1)).value == ["a", None]
    assert read(NIL) is None
    assert read(integers(4), b"X\n" + number(3, 0, 0, 5) + b"UTF-8").value.tolist() == [4]


def test_attributes_and_names_used_twice() -> None:
    pairs = number(2 | 0x400) + symbol("dim") + integers(1, 2) + number(2 | 0x400) + number(255 | 1 << 8) + integers(7)
    found = read(number(13 | 0x200, 2, 5, 6) + pairs + NIL)
    assert found.value.tolist() == [5, 6]
    assert found.attributes["dim"].value.tolist() == [7]
    untagged = read(number(2) + integers(1) + number(2) + integers(2) + NIL)
    assert {name: one.value.tolist() for name, one in untagged.items()} == {"#0": [1], "#1": [2]}


def test_vectors_in_a_shorter_form() -> None:
    assert read(short_form("compact_intseq", reals(3, 5, 1))).value.tolist() == [5, 6, 7]
    assert read(short_form("compact_realseq", reals(2, 0, -1))).value.tolist() == [0.0, -1.0]
    wrapped = number(19, 2) + integers(8, 9) + integers(0, 0)
    names = number(2 | 0x400) + symbol("kind") + integers(1) + NIL
    found = read(short_form("wrap_integer", wrapped, names))
    assert found.value.tolist() == [8, 9]
    assert found.attributes["kind"].value.tolist() == [1]
    assert read(short_form("deferred_string", number(2) + integers(10, 20) + integers(0))).value == ["10", "20"]


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (short_form("compact_intseq", reals(-1, 0, 1)), IntegrityError, "a sequence of -1.0 values"),
        (short_form("compact_intseq", reals(2e9, 0, 1)), IntegrityError, "a sequence of 2000000000.0 values"),
        (short_form("compact_intseq", reals(3, 2.0**31, 1)), IntegrityError, "a sequence of 3.0 values from 21474"),
        (short_form("compact_realseq", reals(3, 0, float("nan"))), IntegrityError, "from 0.0 by nan"),
        (short_form("mmap_real", reals(1)), DataError, "short form 'mmap_real'"),
        (number(4), IntegrityError, "ends too early"),
        (number(8), DataError, "R's type 8 "),
        (number(2) + integers(1) + number(13), DataError, "ends in R's type 13"),
        (number(255 | 9 << 8), IntegrityError, "refers to a name that it does not hold"),
        (number(13, -2), IntegrityError, "a vector of -2 values"),
        (number(9, -5), IntegrityError, "a length of -5"),
        (number(13, 1000), IntegrityError, "ends too early"),
        (number(13, -1, 0, 3), IntegrityError, "ends too early"),
        (number(19, 1) * 200, DataError, "nested more than 100 deep"),
    ],
)
def test_what_is_broken_is_said(content: bytes, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        read(content)


def test_what_is_not_this_form_is_said() -> None:
    with pytest.raises(DataError, match="no R file in binary form"):
        read(b"", b"A\n" + number(3, 0, 0))
    with pytest.raises(DataError, match="version 9 of R's format"):
        read(b"", b"X\n" + number(9, 0, 0))
