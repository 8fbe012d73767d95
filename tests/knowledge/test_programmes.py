"""Response programmes: what they hold, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from dolor.core.errors import DataError, UsageError
from dolor.knowledge.genes import resolve
from dolor.knowledge.programmes import programmes


@pytest.mark.parametrize("organism", ["mouse", "human"])
def test_the_six_programmes_have_current_symbols(organism) -> None:
    table = programmes(organism)
    assert set(table["programme"]) == {
        "interferon", "nf_kappa_b", "axotomy", "repair_schwann", "disease_associated_microglia", "proliferation",
    }  # fmt: skip
    assert set(resolve(table["gene"], organism)["status"]) == {"current"}
    assert set(table["weight"]) == {1, -1}
    assert (table[table["weight"] == 1].groupby("programme").size() >= 10).all()


def test_the_interferon_programme_is_what_interferon_beta_raised_in_blood(data_dir) -> None:
    genes = set(programmes("human").query("programme == 'interferon'")["gene"])
    table = pd.read_csv(
        data_dir / "kang2018_published_de" / "cd14.dscrnaseq.txt", sep="\t", lineterminator="\r", index_col=0
    )
    raised = table[(table["padj"] < 1e-6) & (table["log2FoldChange"] > 1)]
    assert len(genes & set(raised["featureData.symbol"])) >= 0.9 * len(genes)


def test_an_unknown_organism_is_refused() -> None:
    with pytest.raises(UsageError, match="did you mean 'human'"):
        programmes("humen")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("programmes: {}\n", "must be a list of programmes"),
        ("programmes:\n  - just a name\n", "is a mapping with an 'id'"),
        ("programmes:\n  - {id: x, ups: {mouse: [Jun]}}\n", "'ups' is no key of a programme; did you mean 'up'"),
        ("programmes:\n  - {id: x, up: {mouse: [Jun]}, down: {mouse: [Jun]}}\n", "'x': Jun is duplicated"),
        ("programmes:\n  - {id: x, up: {mouse: [Jun]}}\n  - {id: x, up: {mouse: [Jun]}}\n", "'x': Jun is duplicated"),
        ("programmes:\n  - {id: x, up: {rat: [Jun]}}\n", "unknown organism 'rat'"),
    ],
)
def test_a_faulty_programme_is_refused(tmp_path, text, message) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        programmes("mouse", path=path)
