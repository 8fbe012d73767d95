from pathlib import Path

from dolor.knowledge import catalog
from dolor.knowledge.catalog_rules import read_catalog

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "catalog.md"


def test_the_committed_page_is_the_generated_one():
    assert COMMITTED.read_text(encoding="utf-8") == catalog.page(), "run: dolor catalog page > docs/catalog.md"


def test_every_statement_stands_on_the_page_once():
    text = catalog.page()
    for row in catalog.mediators().itertuples():
        assert text.count(f"<sub>{row.id}</sub>") == 1


def test_every_row_of_every_table_has_the_cells_of_its_header():
    """A bar or a line end inside a cell would break the table."""
    tables = [line for line in catalog.page().splitlines() if line.startswith("|")]
    cells = [line.replace("\\|", "").count("|") for line in tables]
    assert set(cells) == {7, 9}, "seven bars in the statements' tables, nine in the counts"


def test_hostile_text_is_escaped(tmp_path):
    table = read_catalog()
    table.loc[0, "mediator"] = "<script>alert(1)</script>|*x*"
    table.to_csv(tmp_path / "mine.tsv", sep="\t", index=False)
    text = catalog.page(tmp_path / "mine.tsv")
    assert "<script" not in text
    assert "&lt;script>alert(1)&lt;/script>\\|\\*x\\*" in text
