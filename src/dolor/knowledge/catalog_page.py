"""The catalog as a page for people: statements grouped by pain type and compartment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from dolor.knowledge import gene_logic
from dolor.knowledge.catalog_rules import read_catalog
from dolor.knowledge.vocabulary import CONTEXTS, NOT_STATED, VOCABULARY, words

__all__ = ["page"]

_HEADINGS = {
    "drg": "dorsal root ganglion",
    "nerve": "peripheral nerve",
    "systemic": "whole body",
    NOT_STATED: "no place named",
}
_EFFECTS = {
    "pro": "promotes pain",
    "anti": "relieves pain",
    "dual": "both ways",
    "homeostatic": "keeps normal",
    "none": "no effect",
    "not_evaluated": "not evaluated",
}
_RECEPTOR_FROM = {"established": "receptor added", "cited": "receptor of the cited paper"}
_INTRODUCTION = """\
# The mediator catalog

<!-- Generated from signatures/mediators.tsv by `dolor catalog page`; change the table, not this page. -->

What one review says about immune signals in pain, one row a statement:
Jain A, Hakim S, Woolf CJ. Immune drivers of physiological and pathological pain.
J Exp Med 2024; 221(5): e20221687. doi:10.1084/jem.20221687 (CC BY 4.0). The wording here is ours.

{total} statements, {pairs} of them with genes for a ligand and a receptor, which can be scored; the others name a
receptor, a pathway or cells alone. They are grouped by the first pain type that they name, then by the first
compartment.

How to read a row:

- **Mediator**: what acts, with human genes where it has any: `ligand → receptor`, or the gene of the receptor or
  pathway. `+` needs all genes, "or" is content with one. *By enzyme*: the ligand is no protein and is scored by the
  enzymes that make it. *Receptor added*: the review names no receptor, we added the established one; *receptor of the
  cited paper*: the pair is in the paper that the sentence cites. Below it stands the statement's id, under which
  reports give their verdict on it, and in brackets what data can show of it (`signatures/readouts.tsv`).
- **From → to**: the cell that sends and the cell that receives, as far as the review names them.
- **Effect**: what the signal does to pain, not what the experiment did: of a signal whose blockade relieves pain it
  says "promotes pain".
- **Sex**: only what the review states.
- **Source**: the sentences of the review (P11.4 is the fourth of paragraph 11) and the papers that they cite.
- **Doubts** and what we inferred stand in italics.
"""


def page(path: Path | str | None = None) -> str:
    """Write the catalog as a Markdown page.

    Parameters
    ----------
    path
        A catalog file; the shipped one by default.

    Returns
    -------
    The text of the page; the same catalog gives the same text.

    Raises
    ------
    dolor.core.errors.DataError
        The catalog cannot be read.

    Examples
    --------
    >>> page().splitlines()[0]
    '# The mediator catalog'
    """
    catalog = read_catalog(path)
    pairs = int((catalog[["ligand_human", "receptor_human"]] != "").all(axis=1).sum())
    parts = [_INTRODUCTION.format(total=len(catalog), pairs=pairs), *_counts(catalog)]
    first_pain = catalog["pain_type"].map(lambda cell: words(cell)[0])
    first_place = catalog["compartment"].map(lambda cell: words(cell)[0])
    for pain in VOCABULARY["pain_type"]:
        if (first_pain == pain).any():
            parts.append(
                f"\n## {'Pain of any or no named type' if pain == NOT_STATED else f'{pain.capitalize()} pain'}"
            )
        for place in VOCABULARY["compartment"]:
            here = catalog[(first_pain == pain) & (first_place == place)]
            if len(here):
                parts += [f"\n### {_place(place).capitalize()}\n", *_table(here)]
    return "\n".join(parts) + "\n"


def _counts(catalog: pd.DataFrame) -> Iterator[str]:
    """Write a small table of effect by pain type."""
    effects = VOCABULARY["effect"]
    yield "| pain type | statements | " + " | ".join(_EFFECTS[effect] for effect in effects) + " |"
    yield "|---|---:|" + "---:|" * len(effects)
    first = catalog["pain_type"].map(lambda cell: words(cell)[0])
    for pain in VOCABULARY["pain_type"]:
        here = catalog[first == pain]
        numbers = [len(here), *((here["effect"] == effect).sum() for effect in effects)]
        yield f"| {pain.replace('_', ' ')} | " + " | ".join(map(str, numbers)) + " |"


def _table(rows: pd.DataFrame) -> Iterator[str]:
    """Write the statements of one place as a table."""
    yield "| Mediator | Statement | From → to | Effect | Sex, species | Source |"
    yield "|---|---|---|---|---|---|"
    for record in rows.to_dict("records"):
        row = {str(column): str(cell) for column, cell in record.items()}
        cells = (_mediator(row), _statement(row), _cells(row), _EFFECTS[row["effect"]], _evidence(row), _source(row))
        yield "| " + " | ".join(cells) + " |"


def _mediator(row: dict[str, str]) -> str:
    """Name the mediator and its genes."""
    remarks = []
    if row["ligand_proxy"]:
        remarks.append("by enzyme")
    if row["ligand_human"] and row["receptor_source"] in _RECEPTOR_FROM:
        remarks.append(_RECEPTOR_FROM[row["receptor_source"]])
    sides = [_genes(row[f"{side}_human"]) for side in ("ligand", "receptor") if row[f"{side}_human"]]
    genes = f"<br>`{' → '.join(sides)}`" if sides else ""
    added = f"<br>{', '.join(remarks)}" if remarks else ""
    shown_by = row["readout"].replace("_", " ")
    return f"**{_plain(row['mediator'])}**{genes}{added}<br><sub>{_plain(row['id'])}</sub> [{shown_by}]"


def _statement(row: dict[str, str]) -> str:
    """Give the statement, what it was seen in, and the doubts about it."""
    seen_in = [word.replace("_", " ") for word in words(row["context"]) if word in CONTEXTS]
    parts = [_plain(row["statement"])]
    if seen_in:
        parts.append(f"[{', '.join(seen_in)}]")
    if row["notes"]:
        parts.append(f"<br>*{_plain(row['notes'])}*")
    return " ".join(parts)


def _cells(row: dict[str, str]) -> str:
    """Give sender and receiver."""
    source, target = (" or ".join(map(_cell, words(row[column]))) for column in ("source_cell", "target_cell"))
    return f"{source} → {target}"


def _evidence(row: dict[str, str]) -> str:
    """Give sex and species, each only where the review states it."""
    stated = [row["sex"].replace("_", " "), ", ".join(words(row["species"]))]
    return "; ".join(word for word in stated if word not in (NOT_STATED, "not stated")) or "–"


def _source(row: dict[str, str]) -> str:
    """Give the sentences of the review and the papers that they cite."""
    return "; ".join([", ".join(words(row["locator"])), *map(_plain, words(row["references"]))])


def _genes(expression: str) -> str:
    """Write a gene expression without the bar that would end a cell of the table."""
    return " or ".join(" + ".join(subunits) for subunits in gene_logic.parse(expression))


def _cell(population: str) -> str:
    return "?" if population == NOT_STATED else population.replace("_", " ")


def _place(compartment: str) -> str:
    return _HEADINGS.get(compartment, compartment.replace("_", " "))


def _plain(text: str) -> str:
    """Keep Markdown and HTML from reading marks in a cell."""
    for mark, written in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("*", "\\*"), ("_", "\\_"), ("`", "\\`")):
        text = text.replace(mark, written)
    return text
