"""Which genes profiles keep besides those of the pairs: programmes, markers, and abundant genes to normalise by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dolor.core.vocabulary import ORGANISMS
from dolor.knowledge import populations

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.io.matrix.chunks import Source

__all__ = ["NORMALISED_BY", "abundant_genes", "genes_besides"]

# Samples differ in what their rising genes take from the others; these many abundant genes are enough to see it.
NORMALISED_BY = 1000


def abundant_genes(data: AnnData | Source | Path | str, genes: pd.Index) -> pd.Index:
    """Choose the abundant genes by the sums that annotation leaves in ``var``; where there are none, keep all genes.

    Parameters
    ----------
    data
        What profiles are made from.
    genes
        Its genes.
    """
    if isinstance(data, (str, Path)):
        from dolor.io.h5ad import read_var

        var: Any = None if Path(data).is_dir() else read_var(Path(data))
    else:
        var = getattr(data, "var", None)
    if var is None or "n_counts" not in var.columns:
        return genes
    most: pd.Index = var["n_counts"].nlargest(NORMALISED_BY).index
    return most


def genes_besides(
    measured: pd.Index, abundant: pd.Index, organism: str, signatures: Path | str | None = None
) -> list[str]:
    """Give what contrasts and the response of receivers read besides the genes of the pairs.

    Parameters
    ----------
    measured
        The genes of the data.
    abundant
        Genes to normalise by.
    organism
        Whose markers and programmes are kept; those of another organism than mouse and human are not known.
    signatures
        A file of own populations; empty: those that dolor ships.

    Examples
    --------
    >>> genes_besides(pd.Index(["Xist", "Mpz"]), pd.Index(["Xist"]), "none")
    ['Xist']
    """
    if organism not in ORGANISMS:
        return sorted(set(abundant))
    markers = populations.markers(organism, measured=measured, path=signatures or None)["gene"]
    return sorted({*markers, *populations.programmes(organism)["gene"], *abundant})
