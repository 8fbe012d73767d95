"""Profiles before they are an AnnData: what scores and checks read of them, under the same names.

Importing anndata takes as long as scoring a hundred thousand cells; who only wants scores is spared it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["Sums"]


@dataclass(frozen=True)
class Sums:
    """Sums of cells by sample and cell type, with the attributes of an AnnData that hold them.

    Attributes
    ----------
    obs
        One row a (sample, cell type).
    var_names
        Genes.
    layers
        By name, rows × genes; ``psbulk`` holds the counts.
    uns
        Cross moments of pairs, and the number of genes in the data.
    """

    obs: pd.DataFrame
    var_names: pd.Index
    layers: dict[str, NDArray[np.float64]]
    uns: dict[str, Any]

    @property
    def X(self) -> NDArray[np.float64]:  # noqa: N802  the name that AnnData has
        """Summed counts."""
        return self.layers["psbulk"]

    def to_anndata(self) -> AnnData:
        """Return the profiles."""
        from anndata import AnnData

        var = pd.DataFrame(index=self.var_names)
        return AnnData(X=self.X.copy(), obs=self.obs, var=var, layers=self.layers, uns=self.uns)
