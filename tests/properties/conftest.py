"""Strategies that the property tests share: gene logic, counts, labels that a person might type."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# A shared machine is slow by turns: time is no property of these.
settings.register_profile(
    "dolor",
    deadline=None,
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("dolor")


class Strategies:
    """What the tests draw from."""

    symbols = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.@-]{0,9}", fullmatch=True)
    complexes = st.lists(symbols, min_size=1, max_size=4, unique=True)
    alternatives = st.lists(complexes, min_size=1, max_size=3)
    labels = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)

    @staticmethod
    def counts(cells: int, genes: int) -> st.SearchStrategy[np.ndarray]:
        return st.integers(0, 2**32 - 1).map(
            lambda seed: np.random.default_rng(seed).poisson(1.5, (cells, genes)).astype(np.int32)
        )


@pytest.fixture(scope="session")
def strategies() -> type[Strategies]:
    return Strategies
