"""Hold the catalog against the review's text, sentence by sentence, where the text is at hand."""

import csv
import os
import re
from pathlib import Path

import pytest

from dolor.knowledge import catalog
from dolor.knowledge.catalog_check import SENTENCES
from dolor.knowledge.vocabulary import words

EXCEPTIONS = Path(__file__).with_name("review_exceptions.tsv")

# A sentence that holds one of these names an actor: a mediator, a receptor, an effector molecule, or an immune cell.
ACTORS = re.compile(
    r"""\b(
    immun\w*|autoimmun\w*|neuroimmun\w*|immunotherap\w*|macrophages?|microglia\w*|monocytes?|neutrophils?|myeloid|
    dendritic|mast\ cells?|natural\ killer|lymphocytes?|[TB]\ cells?|glia\w*|Schwann|
    inflammat\w*|neuroinflammation|autoinflammatory|infection|
    cytokines?|chemokines?|antibod\w*|autoantibod\w*|Ig[EG]|antigen|mediators?|ligands?|effector\w*|
    receptors?|FcR?|channels?|TRP[AV]\d|TMEM16F|TLR\d|TREM-?\d|Trem\d|CX3CR1\S*|CCR\d|CSF1R|
    interferons?|stimulator|STING|IL-?\d+\w?|TNF\w*|NGF|BDNF|Gas6|CCL\d+|MCP-1|m-Csf1|colony-stimulating|thrombospondin|
    prostaglandin\w*|PGE2|cyclooxygenase|NSAIDs?|serotonin|BH4|nitric\ oxide|reactive\ oxygen|opioids?|morphine|
    estrogen|kinases?|mTORC2|eIF4E|oxidative\ phosphorylation|perineuronal|costimulator|C-reactive|minocycline
    )""",
    re.VERBOSE | re.IGNORECASE,
)


@pytest.fixture(scope="module")
def sentences():
    """Give each sentence of the review under its locator."""
    folder = Path(os.environ.get("DOLOR_REVIEW", Path(__file__).resolve().parents[3] / "shared" / "review"))
    path = folder / "jain_hakim_woolf_2024.txt"
    if not path.is_file():
        pytest.skip(f"needs the review's text in the folder named in $DOLOR_REVIEW; {path} is absent")
    return dict(re.findall(r"^\[(P\d+\.\d+)\] (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE))


@pytest.fixture(scope="module")
def exceptions():
    with EXCEPTIONS.open(encoding="utf-8", newline="") as lines:
        return {row["sentence"]: row["reason"] for row in csv.DictReader(lines, delimiter="\t")}


@pytest.fixture(scope="module")
def covering():
    """Give the ids of the rows that rest on each sentence."""
    rows: dict[str, list[str]] = {}
    for row in catalog.mediators().itertuples():
        for locator in words(row.locator):
            rows.setdefault(locator, []).append(row.id)
    return rows


def test_the_sentence_numbers_that_validation_knows_are_those_of_the_review(sentences):
    last = [max(int(s.split(".")[1]) for s in sentences if s.startswith(f"P{p}.")) for p in range(len(SENTENCES))]
    assert tuple(last) == SENTENCES
    assert len(sentences) == sum(SENTENCES)


def test_every_sentence_that_names_an_actor_is_covered_or_excepted(sentences, covering, exceptions):
    naming = [number for number, sentence in sentences.items() if ACTORS.search(sentence)]
    uncovered = {number: sentences[number] for number in naming if number not in covering and number not in exceptions}
    assert not uncovered


def test_exceptions_are_needed_and_give_a_reason(sentences, covering, exceptions):
    assert all(len(reason) > 10 for reason in exceptions.values())
    assert not set(exceptions) & set(covering), "covered sentences need no exception"
    assert all(ACTORS.search(sentences[number]) for number in exceptions), "a sentence without an actor needs none"


def test_every_reference_stands_in_a_sentence_that_its_row_names(sentences):
    for row in catalog.mediators().itertuples():
        text = " ".join(sentences[number] for number in words(row.locator))
        for reference in words(row.references):
            assert reference in text, f"{row.id}: '{reference}' is not cited in {row.locator}"


def test_every_citation_of_a_covered_sentence_is_carried_by_a_row(sentences, covering):
    by_id = catalog.mediators().set_index("id")["references"]
    for number, rows in covering.items():
        cited = re.findall(r"[A-Z][\w’-]+(?: AM)?(?: et al\.| and [A-Z]\w+), \d{4}[a-z]?", sentences[number])
        carried = ";".join(by_id[row] for row in rows)
        assert [c for c in cited if c not in carried] == [], number


def test_statements_are_worded_afresh(sentences):
    """No run of eight words of the review stands in a statement or a note."""
    plain = " ".join(re.sub(r"[^\w ]", " ", " ".join(sentences.values())).lower().split())
    for row in catalog.mediators().itertuples():
        for text in (row.statement, row.notes):
            tokens = re.sub(r"[^\w ]", " ", text).lower().split()
            for start in range(len(tokens) - 7):
                assert " ".join(tokens[start : start + 8]) not in plain, f"{row.id}: {tokens[start : start + 8]}"
