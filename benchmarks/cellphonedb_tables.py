"""Simulated pairs as a database in CellPhoneDB's form, which FastCCC reads too."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd

__all__ = ["write_database"]


def write_database(pairs: pd.DataFrame, folder: Path) -> None:
    """Write the tables as CSV files (FastCCC) and together as ``cellphonedb.zip`` (CellPhoneDB).

    Every gene is a protein of its own. The one complex, of the first two genes, is in no interaction; the readers of
    both tools fail on a database without any.
    """
    folder.mkdir(exist_ok=True)
    genes = sorted({*pairs["ligand"], *pairs["receptor"]})
    number = {gene: i for i, gene in enumerate(genes)}
    ids, complex_id = range(len(genes)), len(genes)
    kinds = dict.fromkeys(("secreted_highlight", "transmembrane", "peripheral", "integrin", "other"), 0)
    kinds |= dict.fromkeys(("receptor_desc", "other_desc", "secreted_desc"), "")
    receptors, ligands = set(pairs["receptor"]), set(pairs["ligand"])
    names = [*genes, "unused_complex"]
    tables = {
        "gene_table": pd.DataFrame({
            "id_gene": ids, "ensembl": genes, "gene_name": genes, "hgnc_symbol": genes, "protein_name": genes,
            "protein_id": ids,
        }),
        "protein_table": pd.DataFrame({
            "id_protein": ids, "protein_name": genes, "tags": "", "tags_reason": "", "tags_description": "",
            "uniprot": genes, "protein_multidata_id": ids,
        }),
        "multidata_table": pd.DataFrame({
            "id_multidata": range(len(names)), "name": names, **kinds,
            "receptor": [int(name in receptors) for name in names],
            "secreted": [int(name in ligands) for name in names],
            "is_complex": [int(name not in number) for name in names],
        }),
        "complex_table": pd.DataFrame({
            "id_complex": [0], "complex_multidata_id": [complex_id], "pdb_structure": "", "pdb_id": "",
            "stoichiometry": "", "comments_complex": "",
        }),
        "complex_composition_table": pd.DataFrame({
            "id_complex_composition": [0, 1], "complex_multidata_id": complex_id, "protein_multidata_id": [0, 1],
            "total_protein": 2,
        }),
        "interaction_table": pd.DataFrame({
            "id_interaction": range(len(pairs)), "id_cp_interaction": pairs["interaction_id"],
            "multidata_1_id": pairs["ligand"].map(number), "multidata_2_id": pairs["receptor"].map(number),
            "source": "simulated", "annotation_strategy": "simulated", "is_ppi": True, "curator": "simulated",
            "directionality": "Ligand-Receptor", "classification": "simulated",
        }),
    }  # fmt: skip
    with zipfile.ZipFile(folder / "cellphonedb.zip", "w") as archive:
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
            archive.write(folder / f"{name}.csv", f"{name}.csv")
