"""The permutation null itself: the reference for the closed form, and what small groups fall back on.

Permutations in place of the closed form where a group is small, for a sample whose cells are at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dolor.core.compiled import compiled
from dolor.core.errors import DataError
from dolor.core.normalize import TARGET
from dolor.pseudobulk.expression import Units
from dolor.scores.statistics import SampleSums
from dolor.scores.subunits import Compiled

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse

__all__ = ["SMALL", "Cells", "permutation_pvalues"]

Floats = NDArray[np.float64]


def permutation_pvalues(
    x: Any, label: NDArray[np.intp], ligand: Units, receptor: Units, *, permutations: int = 1000, seed: int = 0
) -> Floats:
    """Deal the cells out to the cell types at random, again and again.

    Parameters
    ----------
    x
        N × G, log-normalised expression, sparse or dense. The result depends on the order of the cells, so bring them
        into one that does not change, such as that of their barcodes.
    label
        N, cell type of each cell, 0 to T - 1.
    ligand, receptor
        I interactions, compiled against the columns.
    permutations
        How often.
    seed
        Of the random numbers.

    Returns
    -------
    T × T × I, (1 + hits) / (1 + permutations) for sender, receiver and interaction. A hit is a sum of ligand and
    receptor means that reaches the observed one; complexes and alternatives are formed anew each time.

    Examples
    --------
    >>> from dolor.pseudobulk.expression import compile_units
    >>> x, label = np.array([[4.0, 0.0], [5.0, 0.0], [0.0, 3.0], [0.0, 4.0]]), np.array([0, 0, 1, 1])
    >>> p = permutation_pvalues(x, label, compile_units(["A"], "AB"), compile_units(["B"], "AB"), permutations=99)
    >>> bool(p[0, 1, 0] < p[1, 0, 0]), bool(p.min() >= 0.01)
    (True, True)
    """
    # Imported here: it takes long, and most scores need no permutation.
    from scipy import sparse

    rows = sparse.csr_matrix(x)
    n = np.bincount(label).astype(np.float64)
    statistic = _statistic(rows, label, n, ligand, receptor)
    # Sums in another order differ in the last bits; a tie is a hit.
    reached = statistic - 1e-9 * np.maximum(np.abs(statistic), 1.0)
    random = np.random.default_rng(seed)
    hits = np.zeros(statistic.shape)
    for _ in range(permutations):
        hits += _statistic(rows, random.permutation(label), n, ligand, receptor) >= reached
    return np.asarray((1 + hits) / (1 + permutations))


def _statistic(rows: Any, label: NDArray[np.intp], n: Floats, ligand: Units, receptor: Units) -> Floats:
    sums = np.zeros((len(n), rows.shape[1]))
    _add_rows(rows.data, rows.indices, rows.indptr, label, sums)
    means = sums / n[:, None]
    return np.asarray(_best(means, ligand)[:, None] + _best(means, receptor)[None])


def _best(means: Floats, units: Units) -> Floats:
    """Mean of each unit: of a complex the limiting subunit, of alternatives the best."""
    whole = np.minimum.reduceat(means[:, units.subunits], units.alternative_starts, axis=1)
    return np.asarray(np.maximum.reduceat(whole, units.unit_starts, axis=1))


@compiled
def _add_rows(data: Any, indices: Any, indptr: Any, label: Any, sums: Any) -> None:
    """Add compressed rows to the sums of their groups."""
    for row in range(len(label)):
        for k in range(indptr[row], indptr[row + 1]):
            sums[label[row], indices[k]] += data[k]


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
