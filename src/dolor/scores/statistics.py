"""Statistics of the genes of one sample by cell type, as the methods of scoring ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dolor.core.contracts import DETECTION_LAYER, MOMENT_LAYERS
from dolor.core.vocabulary import UNASSIGNED
from dolor.pseudobulk.trimeans import TRIMEAN_LAYER

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["STATISTICS", "SampleSums", "samples_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SampleSums:
    """Sums over the cells of T cell types of one sample, for G genes; x is log-normalised expression.

    Attributes
    ----------
    sample
        Its name.
    cell_types
        T names.
    n
        T, cells.
    detected
        T × G, cells that detect the gene.
    s1, s2, s3
        T × G, sums of x, x², x³.
    linear
        T × G, sum of counts per 10,000 of each cell.
    counts, n_counts
        T × G and T, summed counts, and those over all genes.
    whole_s1, whole_s2, whole_max
        T, sums of x and x² and maximum of x over all genes.
    n_genes
        Number of all genes.
    trimean
        T × G, trimean of x; NaN where the profiles were made without.
    """

    sample: str
    cell_types: tuple[str, ...]
    n: Floats
    detected: Floats
    s1: Floats
    s2: Floats
    s3: Floats
    linear: Floats
    counts: Floats
    n_counts: Floats
    whole_s1: Floats
    whole_s2: Floats
    whole_max: Floats
    n_genes: int
    trimean: Floats


def samples_of(profiles: AnnData) -> Iterator[tuple[SampleSums, NDArray[np.intp]]]:
    """Give the sums of each sample in turn, with the rows they come from; cells without a cell type are left out."""
    obs = profiles.obs
    sample = obs["sample_id"].astype(str).to_numpy()
    label = obs["cell_type"].astype(str).to_numpy()
    layers = {name: _dense(profiles.layers[name]) for name in (DETECTION_LAYER, *MOMENT_LAYERS, "per_10k_s1")}
    counts = _dense(profiles.X)
    trimeans = (
        _dense(profiles.layers[TRIMEAN_LAYER]) if TRIMEAN_LAYER in profiles.layers else np.full(counts.shape, np.nan)
    )
    columns = ("n_cells", "n_counts", "lognorm_s1", "lognorm_s2", "lognorm_max")
    numbers = {name: obs[name].to_numpy(dtype=np.float64) for name in columns}
    n_genes = int(profiles.uns["dolor_profiles"]["n_genes"])
    for name in sorted(set(sample)):
        rows = np.flatnonzero((sample == name) & (label != UNASSIGNED))
        rows = rows[np.argsort(label[rows])]
        n = numbers["n_cells"][rows]
        s1, s2, s3 = (layers[moment][rows] for moment in MOMENT_LAYERS)
        yield (
            SampleSums(
                sample=name,
                cell_types=tuple(label[rows]),
                n=n,
                detected=layers[DETECTION_LAYER][rows] * n[:, None],
                s1=s1,
                s2=s2,
                s3=s3,
                linear=layers["per_10k_s1"][rows],
                counts=counts[rows],
                n_counts=numbers["n_counts"][rows],
                whole_s1=numbers["lognorm_s1"][rows],
                whole_s2=numbers["lognorm_s2"][rows],
                whole_max=numbers["lognorm_max"][rows],
                n_genes=n_genes,
                trimean=trimeans[rows],
            ),
            rows,
        )


def _dense(matrix: Any) -> Floats:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)


def means(sums: SampleSums) -> Floats:
    """Mean of x in each cell type."""
    return sums.s1 / sums.n[:, None]


def props(sums: SampleSums) -> Floats:
    """Fraction of the cells that detect the gene."""
    return sums.detected / sums.n[:, None]


def means_sums(sums: SampleSums) -> Floats:
    """Sum over cell types of their means."""
    return np.broadcast_to(means(sums).sum(axis=0), sums.s1.shape)


def zscores(sums: SampleSums) -> Floats:
    """Mean, in each cell type, of x standardised over all cells of the sample; 0 where a gene does not vary."""
    n = sums.n.sum()
    mean = sums.s1.sum(axis=0) / n
    variance = np.maximum(sums.s2.sum(axis=0) / n - mean**2, 0.0) * n / max(n - 1.0, 1.0)
    sd = np.sqrt(np.where(variance > 1e-12, variance, np.inf))
    return np.asarray((means(sums) - mean) / sd)


def logfc(sums: SampleSums) -> Floats:
    """Log2 of mean counts per 10,000 plus 1, against all other cells of the sample; NaN without other cells."""
    rest = sums.n.sum() - sums.n
    with np.errstate(invalid="ignore", divide="ignore"):
        others = np.maximum(sums.linear.sum(axis=0) - sums.linear, 0.0) / rest[:, None]
    return np.asarray(np.log2(sums.linear / sums.n[:, None] + 1) - np.log2(others + 1))


def cdf(sums: SampleSums) -> Floats:
    """Place of a gene's mean among means of as many random values of the cell type, under a normal law."""
    # Imported where it is asked for: it takes a quarter of a second.
    from scipy.special import ndtr

    values = sums.n * sums.n_genes
    centre = sums.whole_s1 / values
    spread = np.sqrt(np.maximum(sums.whole_s2 / values - centre**2, 0.0) / sums.n)
    mean = means(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        place = ndtr((mean - centre[:, None]) / spread[:, None])
    return np.where(mean == 0, 0.0, place)


def grand_mean(sums: SampleSums) -> Floats:
    """Mean of x over all cells and genes of the sample."""
    return np.full(sums.s1.shape, sums.whole_s1.sum() / (sums.n.sum() * sums.n_genes))


def trimean(sums: SampleSums) -> Floats:
    """Trimean of x in each cell type."""
    return sums.trimean


def grand_max(sums: SampleSums) -> Floats:
    """Largest x over all cells and genes of the sample."""
    return np.full(sums.s1.shape, sums.whole_max.max())


STATISTICS: Mapping[str, Callable[[SampleSums], Floats]] = MappingProxyType(
    {
        function.__name__: function
        for function in (means, props, means_sums, zscores, logfc, cdf, grand_mean, trimean, grand_max)
    }
)
