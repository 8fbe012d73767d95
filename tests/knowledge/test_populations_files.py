"""A user's own populations: laid over the shipped ones or alone, and refused with a clear sentence when faulty."""

from __future__ import annotations

import pytest

from dolor.core.errors import DataError
from dolor.knowledge import populations

HEADER = "population\tgene\tsign\torganism\n"


@pytest.fixture
def write(tmp_path):
    def write_file(text: str, name: str = "own.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def one(body: str) -> str:
    """One population with the given further lines."""
    return "populations:\n  - id: mine\n    parent: immune\n" + "".join(f"    {line}\n" for line in body.splitlines())


def test_a_table_of_four_columns_is_enough(write) -> None:
    path = write(HEADER + "my_cell\tTrem2\t+1\tmouse\nmy_cell\tCd3e\t-1\tmouse\n", "own.tsv")
    assert [p.id for p in populations.load(path, alone=True)] == ["my_cell"]
    found = populations.markers("mouse", "drg", path=path).set_index("population").loc["my_cell"]
    assert list(zip(found["gene"], found["sign"], strict=True)) == [("Trem2", 1), ("Cd3e", -1)]
    assert len(populations.load(path)) == len(populations.load()) + 1


def test_own_genes_are_added_and_win(write) -> None:
    path = write(HEADER + "nk_cell\tKlrb1a\t+\tmouse\nnk_cell\tGzma\t-\tmouse\n", "own.tsv")
    merged = {p.id: p for p in populations.load(path)}["nk_cell"]
    assert merged.positive["mouse"][-1] == "Klrb1a"
    assert "Gzma" in merged.negative["mouse"]
    assert "Gzma" not in merged.positive["mouse"]
    assert merged.level == "class"


def test_a_new_population_takes_level_and_home_from_its_parent(write) -> None:
    path = write("populations:\n  - id: th17\n    parent: t_cell\n    positive: {mouse: [Il17a, Rorc]}\n")
    tree = populations.tree(path)
    assert tree.level("th17") == "type"
    assert tree.ancestors("th17") == ("t_cell", "immune")
    assert "th17" in tree.allowed_in("blood")


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path) -> None:
    path = tmp_path / "own.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEADER + "x\tTrem2\t1\tmouse\n").replace("\n", "\r\n").encode())
    assert populations.load(path, alone=True)[0].positive["mouse"] == ("Trem2",)


def test_symbols_that_look_like_something_else_stay_symbols(write) -> None:
    path = write(one("positive: {human: [NO, ON, NA, Y]}"))
    assert {p.id: p for p in populations.load(path)}["mine"].positive["human"] == ("NO", "ON", "NA", "Y")
    table = write(HEADER + "x\tNA\t1\thuman\n", "own.tsv")
    assert populations.load(table, alone=True)[0].positive["human"] == ("NA",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (one("positives: {mouse: [Trem2]}"), "'positives' is no key .* did you mean 'positive'"),
        ("population: []\n", "did you mean 'populations'"),
        (one("level: clas"), "did you mean 'class'"),
        (one("compartments: [dgr]"), "unknown compartment 'dgr'; did you mean 'drg'"),
        (one("positive: {mice: [Trem2]}"), "unknown organism 'mice'"),
        (one("positive: {mouse: [Trem2, Trem2]}"), "Trem2 is listed twice"),
        (one("positive: {mouse: [Trem2]}\nnegative: {mouse: [Trem2]}"), "Trem2 .mouse. stands both for and against"),
        (one("positive: {mouse: [null]}"), "must be text, but YAML reads None; put it in quotes"),
        (one("positive: {mouse: [12]}"), "YAML reads 12"),
        (one("positive: {mouse: Trem2}"), "must be a list"),
        (one("positive: [Trem2]"), "mapping of organism to genes"),
        (one("id: again"), "is duplicated"),
        (one("positive: !!python/object:os.system {}"), "not valid YAML"),
        ("populations:\n  - id: mine\n    parent: imune\n", "parent 'imune' is no population; did you mean 'immune'"),
        ("populations:\n  - id: a\n    parent: b\n  - id: b\n    parent: a\n", "own ancestor"),
        ("populations:\n  - id: a\n    parent: b\n  - id: b\n    parent: b\n", "own ancestor|circle"),
        ("populations:\n  - id: a\n  - id: a\n", "'a' is duplicated"),
        ("populations:\n  - id: a\n    level: class\n", "what has no parent is a lineage"),
        ("populations:\n  - id: a\n    parent: cdc1\n    level: class\n", "a class cannot stand below the type 'cdc1'"),
        ("populations:\n  - id: a\n    parent: microglia\n    compartments: [drg]\n", "lives in drg, where"),
        ("populations:\n  - just a name\n", "is a mapping with an 'id'"),
        ("populations: {}\n", "must be a list"),
        ("- 1\n", "is a mapping with the key 'populations'"),
    ],
)
def test_a_faulty_yaml_is_refused_with_the_place_and_the_value(write, text, message) -> None:
    path = write(text)
    with pytest.raises(DataError, match=message) as caught:
        populations.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("population\tgene\tsign\nx\tTrem2\t1\n", "columns organism are missing"),
        (HEADER + "x\tTrem2\tup\tmouse\n", "line 2: unknown sign 'up'"),
        (HEADER + "x\tTrem2\t1\trat\n", "line 2: unknown organism 'rat'"),
        (HEADER + "x\tTrem2\t1\tmouse\nx\t\t1\tmouse\n", "line 3: population and gene must not be empty"),
        (HEADER + "x\tTrem2\t1\tmouse\nx\tTrem2\t-1\tmouse\n", "both for and against"),
        (HEADER + "x\tTrem2\t1\tmouse\nx\tTrem2\t1\tmouse\n", "listed twice"),
    ],
)
def test_a_faulty_table_is_refused_with_the_line(write, text, message) -> None:
    with pytest.raises(DataError, match=message):
        populations.load(write(text, "own.tsv"))


@pytest.mark.parametrize(("gene", "status"), [("Trem22", "unknown"), ("TREM2", "unknown")])
def test_validation_names_a_gene_that_the_species_does_not_have(write, gene, status) -> None:
    path = write(one(f"positive: {{mouse: [Cd3e, {gene}]}}"))
    assert len(populations.load(path)) > 1
    with pytest.raises(DataError, match=f"population 'mine': '{gene}' is {status} as a mouse gene"):
        populations.validate(path)


def test_a_missing_file_is_named(tmp_path) -> None:
    for name in ("none.tsv", "none.yaml"):
        with pytest.raises(DataError, match=f"{name}: no such file"):
            populations.load(tmp_path / name)
