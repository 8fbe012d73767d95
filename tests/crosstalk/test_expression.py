"""Ligands and receptors out of genes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dolor.core.errors import UsageError
from dolor.pseudobulk.expression import combine, compile_units, log_expression, per_10k

GENES = ["A", "B", "C", "D"]
LOGIC = ["A", "A+B", "A|B", "A+B|C", "C|A+D"]


def test_complexes_are_worth_their_limiting_subunit_and_alternatives_add_up():
    values = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 0.0, 1.0, 2.0]])
    found = combine(values, compile_units(LOGIC, GENES))
    assert found.tolist() == [[1.0, 1.0, 3.0, 4.0, 4.0], [5.0, 0.0, 5.0, 1.0, 3.0]]


def test_complexes_may_be_worth_the_geometric_mean_of_their_subunits():
    values = np.array([[1.0, 4.0, 8.0, 2.0], [5.0, 0.0, 1.0, 2.0]])
    units = compile_units(["A", "A+B", "A+C+D", "A+B|C"], GENES)
    np.testing.assert_allclose(
        combine(values, units, "geometric"), [[1, 2, 16 ** (1 / 3), 10], [5, 0, 10 ** (1 / 3), 1]], atol=1e-12
    )


def test_an_alternative_that_was_not_measured_is_left_out_but_no_unit_in_silence():
    units = compile_units(["A|X", "A+X", "X+Y|Z"], GENES)
    assert units.measured.tolist() == [True, False, False]
    assert units.missing == {"A+X": ("X",), "X+Y|Z": ("X", "Y", "Z")}
    found = combine(np.ones((1, 4)), units)
    assert found[0, 0] == 1.0
    assert np.isnan(found[0, 1:]).all()


def test_nothing_measured_gives_only_missing_values():
    assert np.isnan(combine(np.ones((2, 4)), compile_units(["X"], GENES))).all()


@given(
    st.lists(st.floats(0, 1e6), min_size=4, max_size=4),
    st.integers(0, 3),
    st.floats(0, 1e6),
    st.sampled_from(["min", "geometric"]),
)
def test_more_of_a_gene_never_lowers_a_unit(values, gene, more, complexes):
    units = compile_units(LOGIC, GENES)
    before = np.array([values])
    after = before.copy()
    after[0, gene] += more
    assert (combine(after, units, complexes) >= combine(before, units, complexes) * (1 - 1e-12)).all()


def test_expression_does_not_depend_on_the_size_of_the_library():
    assert np.allclose(per_10k([[10.0, 0.0]], [2000.0]), per_10k([[100.0, 0.0]], [20000.0]))
    assert per_10k([[5, 0], [0, 3]], [100, 6]).tolist() == [[500.0, 0.0], [0.0, 5000.0]]
    assert per_10k([[0.0]], [0.0]).tolist() == [[0.0]]
    assert log_expression(per_10k([[0.0]], [50.0])) == log_expression(per_10k([[0.0]], [5e6]))


def test_an_unknown_rule_for_complexes_is_refused():
    with pytest.raises(UsageError, match="complexes='mean' is not known"):
        combine(np.ones((1, 4)), compile_units(["A"], GENES), "mean")
