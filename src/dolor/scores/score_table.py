"""What to beware of in a score: flags, never silent drops.

The table of scores, from the arrays of each sample; its words are categoricals, in alphabetical order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from dolor.core.categories import category
from dolor.core.tables import INTERACTIONS, check
from dolor.core.thresholds import FEW_CELLS, LOW_DETECTION
from dolor.pseudobulk.expression import combine, per_10k
from dolor.scores.registry import METHODS
from dolor.scores.statistics import SampleSums
from dolor.scores.subunits import Compiled

__all__ = [
    "AMBIENT_SHARE",
    "FLAG_TEXTS",
    "SampleScores",
    "ambient_suspects",
    "leaked_shares",
    "score_flags",
    "score_table",
]

Floats = NDArray[np.float64]

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


@dataclass(frozen=True)
class SampleScores:
    """Scores of one sample.

    Attributes
    ----------
    dataset, sample, cell_types
        Names.
    columns
        Numbers, T × T × I each.
    flags
        T × T × I, places in :data:`dolor.scores.score_table.FLAG_TEXTS`.
    """

    dataset: str
    sample: str
    cell_types: tuple[str, ...]
    columns: Mapping[str, NDArray[Any]]
    flags: NDArray[np.int8]


def score_table(samples: Sequence[SampleScores], interactions: pd.DataFrame) -> pd.DataFrame:
    """Lay out samples one below the other: sender by receiver by interaction."""
    if not samples:
        return _empty()
    shapes = [sample.flags.shape for sample in samples]

    def words(texts: Iterable[Sequence[str]], axis: int) -> ExtensionArray:
        return _words(list(texts), axis, shapes)

    columns: dict[str, object] = {
        "dataset_id": words(([sample.dataset] for sample in samples), 0),
        "sample_id": words(([sample.sample] for sample in samples), 0),
        "sender": words((sample.cell_types for sample in samples), 0),
        "receiver": words((sample.cell_types for sample in samples), 1),
    }
    for name in ("interaction_id", "ligand", "receptor"):
        columns[name] = words([interactions[name].tolist()] * len(samples), 2)
    flags = _stacked([sample.flags for sample in samples])
    columns["flags"] = category(flags, FLAG_TEXTS, flags.shape)
    for name in samples[0].columns:
        columns[name] = _stacked([sample.columns[name] for sample in samples])
    first = dict.fromkeys((*INTERACTIONS.columns, *columns))
    return check(pd.DataFrame({name: columns[name] for name in first}, copy=False), INTERACTIONS)


def _words(texts: list[Sequence[str]], axis: int, shapes: list[tuple[int, ...]]) -> ExtensionArray:
    """Spread the words of each sample along an axis of its arrays."""
    distinct = sorted(set().union(*texts))
    place = {word: i for i, word in enumerate(distinct)}
    kind = np.min_scalar_type(-len(distinct))
    along = [1 if other != axis else -1 for other in range(3)]
    spread = [
        np.broadcast_to(np.array([place[word] for word in words], dtype=kind).reshape(along), shape)
        for words, shape in zip(texts, shapes, strict=True)
    ]
    return pd.Categorical.from_codes(_stacked(spread), dtype=pd.CategoricalDtype(distinct), validate=False)


def _stacked(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    return arrays[0].ravel() if len(arrays) == 1 else np.concatenate([array.ravel() for array in arrays])


def _empty() -> pd.DataFrame:
    kinds = {"text": object, "number": float, "count": np.int64}
    columns = {name: pd.Series(dtype=kinds[kind]) for name, kind in INTERACTIONS.columns.items()}
    return pd.DataFrame(columns | {name: pd.Series(dtype=float) for name in METHODS})
