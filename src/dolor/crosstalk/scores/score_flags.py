"""What to beware of in a score: flags, never silent drops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.crosstalk.expression import combine, per_10k
from dolor.crosstalk.scores.compile_interactions import Compiled
from dolor.crosstalk.scores.sample_statistics import SampleSums

__all__ = [
    "AMBIENT_SHARE",
    "FEW_CELLS",
    "FLAG_TEXTS",
    "LOW_DETECTION",
    "ambient_suspects",
    "leaked_shares",
    "score_flags",
]

Floats = NDArray[np.float64]

# A side detected in fewer of the cells is flagged.
LOW_DETECTION = 0.1
# A group of fewer cells is flagged.
FEW_CELLS = 10
# Share of a droplet's counts that may have leaked from other cells, where nobody has estimated it.
AMBIENT_SHARE = 0.1
# A ligand is suspect where at least this share of it is leakage, as estimated.
_EXPLAINED = 0.5

_WORDS = ("ambient_suspect", "low_detection", "few_cells", "proxy")
# What a code says: one bit a flag, the words joined with ``;``.
FLAG_TEXTS = tuple(
    ";".join(word for bit, word in enumerate(_WORDS) if code >> bit & 1) for code in range(1 << len(_WORDS))
)


def score_flags(
    columns: Mapping[str, Floats], sums: SampleSums, suspects: NDArray[np.bool_], compiled: Compiled
) -> NDArray[np.int8]:
    """Return the flags of every score of a sample as places in :data:`FLAG_TEXTS`, T × T × I.

    Parameters
    ----------
    columns
        ``detect_ligand``, ``detect_receptor``, T × T × I.
    sums
        The sample.
    suspects
        From :func:`ambient_suspects`, T × I.
    compiled
        The interactions.
    """
    shape = columns["detect_ligand"].shape
    raised = (
        suspects[:, None, :],
        np.minimum(columns["detect_ligand"], columns["detect_receptor"]) < LOW_DETECTION,
        (np.minimum(sums.n[:, None], sums.n[None, :]) < FEW_CELLS)[:, :, None],
        np.array([bool(word) for word in compiled.table.get("ligand_proxy", [""] * len(compiled.table))]),
    )
    code = np.zeros(shape, dtype=np.int8)
    for bit, flag in enumerate(raised):
        code |= flag.astype(np.int8) << bit
    return code


def leaked_shares(table: pd.DataFrame | None, sums: SampleSums, genes: Sequence[str]) -> Floats | None:
    """Lay out what leakage explains in a sample as T × G, 0 where the table has no row; ``None`` without any row."""
    rows = table[table["sample_id"].astype(str) == sums.sample] if table is not None else None
    if rows is None or rows.empty:
        return None
    shares = rows.pivot_table(index="population", columns="gene", values="ambient_share", observed=True)
    return shares.reindex(index=sums.cell_types, columns=list(genes)).fillna(0.0).to_numpy(dtype=float)


def ambient_suspects(
    sums: SampleSums, compiled: Compiled, whole: Floats, shares: Floats | None = None
) -> NDArray[np.bool_]:
    """Tell which ligands leakage explains in which senders, T × I.

    Parameters
    ----------
    sums
        The sample.
    compiled
        The interactions.
    whole
        G, counts per 10,000 of all cells of the sample together.
    shares
        T × G, share of the transcripts that leakage explains, from :func:`leaked_shares`. Without it a ligand is
        suspect where it is seen, but not above :data:`AMBIENT_SHARE` of its level in the sample as a whole.
    """
    level = per_10k(sums.counts, sums.n_counts)
    ligand = combine(level, compiled.ligand)
    if shares is None:
        return np.asarray((ligand > 0) & (ligand <= AMBIENT_SHARE * combine(whole[None, :], compiled.ligand)))
    own = combine(level * (1 - shares), compiled.ligand)
    return np.asarray((ligand > 0) & (own <= (1 - _EXPLAINED) * ligand))
