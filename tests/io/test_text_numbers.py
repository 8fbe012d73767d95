"""The compiled scan reads what numpy reads, and leaves the rest to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dolor.io.formats.dense_text import filled

NUMBERS = st.one_of(st.integers(0, 9).map(str), st.integers(0, 10**7).map(str), st.sampled_from(["0.0", "3.0", "0.5"]))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # lists this long, on a busy machine
@given(fields=st.lists(NUMBERS, min_size=300, max_size=400))
def test_plain_numbers(fields: list[str]) -> None:
    number, places, values = filled("\t".join(fields), "\t")
    expected = np.array(fields, dtype=np.float32)
    assert number == len(fields)
    np.testing.assert_array_equal(places, np.flatnonzero(expected))
    np.testing.assert_array_equal(values, expected[places])


@pytest.mark.parametrize("field", ["1e+05", "-3", "+2", "0.1e1", "123456789012345678"])
def test_numbers_in_other_forms(field: str) -> None:
    number, places, values = filled(",".join(["0"] * 299 + [field]), ",")
    assert (number, places.tolist(), values.tolist()) == (300, [299], [np.float32(field)])


@pytest.mark.parametrize("field", ["NA", "", "1.2.3", "x", "1 2", '"1"', "0x1"])
def test_what_is_no_number(field: str) -> None:
    for width in (1, 299):
        assert filled(",".join(["0"] * width + [field] + ["0"] * width), ",") is None
