"""The p-values that one tool gives for the cells and pairs of a folder, as one table in one form for all tools.

Usage: ``python pvalue_tables.py TOOL FOLDER CELLS TABLE``, in the environment of the tool: reads the file CELLS and
``pairs.csv`` of the folder, and writes TABLE (csv) with ``sender``, ``receiver``, ``interaction_id`` and ``pvalue``.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import anndata
import pandas as pd

from rounds import report_usage
from run_pvalues import PERMUTATIONS, TOOLS

COLUMNS = ["sender", "receiver", "interaction_id", "pvalue"]


def of_dolor(found: Any) -> pd.DataFrame:
    """Our table has them all."""
    return found


def of_liana(found: Any) -> pd.DataFrame:
    """One row an interaction, for those that enough cells express."""
    names = {"source": "sender", "target": "receiver", "cellphone_pvals": "pvalue"}
    return found.rename(columns=names).assign(interaction_id=found["ligand_complex"] + ":" + found["receptor_complex"])


def of_squidpy(found: Any) -> pd.DataFrame:
    """Interactions in rows, pairs of cell types in columns; missing where too few cells express them."""
    wide = found["pvalues"].astype(float)
    wide.index = [f"{ligand}:{receptor}" for ligand, receptor in wide.index]
    wide.columns = pd.MultiIndex.from_tuples(wide.columns, names=["sender", "receiver"])
    return wide.rename_axis("interaction_id").melt(ignore_index=False, value_name="pvalue").dropna().reset_index()


def of_fastccc(found: Any) -> pd.DataFrame:
    """Pairs of cell types in rows, interactions in columns."""
    wide = found[1]
    kinds = pd.MultiIndex.from_tuples([name.split("|") for name in wide.index], names=["sender", "receiver"])
    long = wide.set_axis(kinds).melt(ignore_index=False, var_name="interaction_id", value_name="pvalue")
    return long.reset_index()


READ = {"dolor": of_dolor, "liana": of_liana, "squidpy": of_squidpy, "fastccc": of_fastccc}


def main() -> None:
    """Run one tool and write its table."""
    tool, folder, cells, table = sys.argv[1:]
    with contextlib.redirect_stdout(sys.stderr):
        found = TOOLS[tool](Path(folder))(anndata.read_h5ad(cells), PERMUTATIONS)
    READ[tool](found)[COLUMNS].to_csv(table, index=False)
    report_usage(0.0, 0.0)


if __name__ == "__main__":
    main()
