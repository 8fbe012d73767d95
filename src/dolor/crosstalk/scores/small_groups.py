"""Permutations in place of the closed form where a group is small, for a sample whose cells are at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dolor.crosstalk.scores.compile_interactions import Compiled
from dolor.crosstalk.scores.sample_statistics import SampleSums
from dolor.crosstalk.summing.accumulate import TARGET
from dolor.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse

__all__ = ["SMALL", "Cells"]

Floats = NDArray[np.float64]

# The closed form has been validated down to groups of this many cells.
SMALL = 28


@dataclass(frozen=True)
class Cells:
    """Cells to permute, as they went into the profiles.

    Attributes
    ----------
    data
        ``layers["counts"]`` is read.
    groupby, sample_key
        Columns of ``obs`` with cell types and samples.
    permutations, seed
        How often, and from which random numbers; each sample has its own.
    """

    data: AnnData
    groupby: str
    sample_key: str
    permutations: int
    seed: int

    def replace_small(self, pvalues: Floats, sums: SampleSums, genes: list[str], compiled: Compiled) -> Floats:
        """Return p-values with those of groups below :data:`SMALL` cells taken from permutations."""
        small = np.minimum(sums.n[:, None], sums.n[None, :]) < SMALL
        if not small.any():
            return pvalues
        from dolor.crosstalk.specificity.permutation import permutation_pvalues

        x, label = self._sample(sums, genes)
        seed = crc32(f"{self.seed}:{sums.sample}".encode())
        permuted = permutation_pvalues(
            x, label, compiled.ligand, compiled.receptor, permutations=self.permutations, seed=seed
        )
        return np.where(small[:, :, None], permuted, pvalues)

    def _sample(self, sums: SampleSums, genes: list[str]) -> tuple[sparse.csr_matrix, NDArray[np.intp]]:
        """Log-normalised expression and labels of a sample's cells, in the order of their barcodes."""
        from scipy import sparse

        obs = self.data.obs
        number = {name: i for i, name in enumerate(sums.cell_types)}
        label = obs[self.groupby].astype(str).map(number).to_numpy(dtype=float)
        rows = np.flatnonzero((obs[self.sample_key].astype(str) == sums.sample).to_numpy() & np.isfinite(label))
        if len(rows) != int(sums.n.sum()):
            raise DataError(
                f"sample '{sums.sample}' has {len(rows)} labelled cells in the data and {int(sums.n.sum())} in the "
                "profiles; give score the cells that the profiles were made of"
            )
        rows = rows[np.argsort(self.data.obs_names.to_numpy(dtype=str)[rows], kind="stable")]
        counts = sparse.csr_matrix(self.data.layers["counts"][rows], dtype=np.float64)
        library = np.asarray(counts.sum(axis=1)).ravel()
        scale = sparse.diags_array(TARGET / np.where(library > 0, library, 1.0))
        wanted = counts[:, self.data.var_names.get_indexer(genes)]
        return sparse.csr_matrix((scale @ wanted).log1p()), label[rows].astype(np.intp)
