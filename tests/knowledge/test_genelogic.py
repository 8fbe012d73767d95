import pytest
from hypothesis import given
from hypothesis import strategies as st

from dolor.core.errors import DataError
from dolor.knowledge import gene_logic

symbols = st.from_regex(r"[A-Z][A-Za-z0-9]{0,5}(-[A-Z0-9]{1,3})?", fullmatch=True)
expressions = st.lists(st.lists(symbols, min_size=1, max_size=3, unique=True), min_size=1, max_size=3)


def test_or_binds_weaker_than_and():
    assert gene_logic.parse("A+B|C") == (("A", "B"), ("C",))


def test_symbols_with_hyphen_dot_and_at_are_symbols():
    assert gene_logic.genes("H2-K1|HLA-DRA+Gm1.2|IGH@") == ("H2-K1", "HLA-DRA", "Gm1.2", "IGH@")


@given(expressions)
def test_what_is_written_reads_back(alternatives):
    assert [list(part) for part in gene_logic.parse(gene_logic.format(alternatives))] == alternatives


@given(expressions)
def test_canonical_form_ignores_order(alternatives):
    forward = gene_logic.format(alternatives)
    backward = gene_logic.format([part[::-1] for part in alternatives[::-1]])
    assert gene_logic.canonical(forward) == gene_logic.canonical(backward)


@pytest.mark.parametrize("text", ["A+", "+A", "A||B", "A+|B", "|"])
def test_an_empty_subunit_is_refused(text):
    with pytest.raises(DataError, match="a subunit is empty"):
        gene_logic.parse(text)


@pytest.mark.parametrize("text", ["CSF1_IL34", "A&B", "A,B", "A;B", "A:B", "A/B", "A B", "(A+B)"])
def test_an_unknown_separator_is_refused_and_the_right_ones_named(text):
    with pytest.raises(DataError, match=r"is no gene symbol; join genes with '\+' \(all needed\) or '\|' \(any\)"):
        gene_logic.parse(text)


def test_a_complex_with_the_same_subunit_twice_is_refused():
    with pytest.raises(DataError, match="'IL6ST\\+IL6ST' names a subunit twice"):
        gene_logic.parse("OSMR|IL6ST+IL6ST")
