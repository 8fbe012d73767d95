"""What to beware of in a score: flags, never silent drops."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dolor.crosstalk.compile_interactions import Compiled
from dolor.crosstalk.expression import combine, per_10k
from dolor.crosstalk.sample_statistics import SampleSums

__all__ = ["AMBIENT_SHARE", "FEW_CELLS", "LOW_DETECTION", "ambient_suspects", "score_flags"]

Floats = NDArray[np.float64]

# A side detected in fewer of the cells is flagged.
LOW_DETECTION = 0.1
# A group of fewer cells is flagged.
FEW_CELLS = 10
# Share of a droplet's counts that may have leaked from other cells.
AMBIENT_SHARE = 0.1

_WORDS = ("ambient_suspect", "low_detection", "few_cells", "proxy")


def score_flags(
    columns: Mapping[str, Floats], sums: SampleSums, ambient: Floats, compiled: Compiled
) -> NDArray[np.object_]:
    """Return the flags of every score of a sample, ``;``-joined, T × T × I.

    Parameters
    ----------
    columns
        ``detect_ligand``, ``detect_receptor``, T × T × I.
    sums
        The sample.
    ambient
        G, counts per 10,000 of all cells of the sample together.
    compiled
        The interactions.
    """
    shape = columns["detect_ligand"].shape
    raised = (
        ambient_suspects(sums, ambient, compiled)[:, None, :],
        np.minimum(columns["detect_ligand"], columns["detect_receptor"]) < LOW_DETECTION,
        (np.minimum(sums.n[:, None], sums.n[None, :]) < FEW_CELLS)[:, :, None],
        np.array([bool(word) for word in compiled.table.get("ligand_proxy", [""] * len(compiled.table))]),
    )
    code = sum((1 << bit) * np.broadcast_to(flag, shape).astype(np.int64) for bit, flag in enumerate(raised))
    texts = [
        ";".join(word for bit, word in enumerate(_WORDS) if number >> bit & 1) for number in range(1 << len(_WORDS))
    ]
    chosen: NDArray[np.object_] = np.array(texts, dtype=object)[code]
    return chosen


def ambient_suspects(sums: SampleSums, ambient: Floats, compiled: Compiled) -> NDArray[np.bool_]:
    """Tell which ligands leakage alone could explain in which senders, T × I.

    Droplets hold some of the RNA that all cells of the sample shed. A ligand is suspect where it is seen, but not above
    :data:`AMBIENT_SHARE` of its level in the sample as a whole.
    """
    ligand = combine(per_10k(sums.counts, sums.n_counts), compiled.ligand)
    leaked = AMBIENT_SHARE * combine(ambient[None, :], compiled.ligand)
    return np.asarray((ligand > 0) & (ligand <= leaked))
