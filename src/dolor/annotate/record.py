"""What an annotation rests on: the markers of each name, and what each cluster has and lacks of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.annotate.descent import Verdict
from dolor.annotate.evidence import switched_on

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse


def cluster_table(
    clusters: pd.Series,
    verdicts: Mapping[str, Verdict],
    levels: NDArray[np.float64],
    signs: pd.DataFrame,
    library: float,
) -> pd.DataFrame:
    """Return why each cluster bears its name.

    Parameters
    ----------
    clusters
        The cluster of each cell.
    verdicts
        The verdict of each cluster, in the order of the rows of ``levels``.
    levels
        Clusters × marker genes: transcripts among 10,000.
    signs
        Populations × marker genes: +1, -1 or 0.
    library
        Transcripts of a typical cell.

    Returns
    -------
    One row a cluster: ``cluster n_cells population confidence second_best``, and as text ``markers`` (of the
    population, on here), ``missing`` (measured, but not on) and ``against`` (on, and speaking against it).
    """
    sizes = clusters.value_counts()
    on = switched_on(levels, library, sizes=np.asarray(sizes.reindex(list(verdicts)), dtype=np.int64)) > 0.5
    rows = []
    for number, (name, verdict) in enumerate(verdicts.items()):
        population = verdict.path[-1] if verdict.path else ""
        sign = signs.loc[population] if population in signs.index else pd.Series(0, index=signs.columns)
        here = on[number]
        parts = [sign.index[mask] for mask in ((sign > 0) & here, (sign > 0) & ~here, (sign < 0) & here)]
        texts = [" ".join(genes) for genes in parts]
        rows.append((name, int(sizes[name]), population, verdict.confidence, verdict.second_best, *texts))
    columns = ["cluster", "n_cells", "population", "confidence", "second_best", "markers", "missing", "against"]
    return pd.DataFrame(rows, columns=columns)


def marker_evidence(labels: pd.Series, logged: sparse.csr_matrix, signs: pd.DataFrame) -> pd.DataFrame:
    """Return, for every cell type found, how its markers are expressed in it.

    Parameters
    ----------
    labels
        The cell type of each cell.
    logged
        Cells × marker genes, in the order of ``signs``: log-normalised expression.
    signs
        Populations × marker genes: +1 for a marker, -1 for a marker of what it is not.

    Returns
    -------
    Columns ``cell_type gene expected mean_expression detection n_cells``.
    """
    rows = []
    names = labels.astype(str).to_numpy()
    for cell_type in sorted(set(names) & set(signs.index)):
        expected = signs.loc[cell_type]
        telling = np.flatnonzero(expected.to_numpy() != 0)
        genes = expected.index[telling]
        values = logged[names == cell_type][:, telling]
        mean = np.asarray(values.mean(axis=0)).ravel()
        detection = np.asarray((values > 0).mean(axis=0)).ravel()
        for gene, sign, level, share in zip(genes, expected[genes], mean, detection, strict=True):
            rows.append((cell_type, gene, "+" if sign > 0 else "-", level, share, values.shape[0]))
    return pd.DataFrame(rows, columns=["cell_type", "gene", "expected", "mean_expression", "detection", "n_cells"])
