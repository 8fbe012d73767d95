"""The table of scores, from the arrays of each sample; its words are categoricals, in alphabetical order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from dolor.contracts.tables import INTERACTIONS, check
from dolor.crosstalk.categories import category
from dolor.crosstalk.scores.registry import METHODS
from dolor.crosstalk.scores.score_flags import FLAG_TEXTS

__all__ = ["SampleScores", "score_table"]


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
        T × T × I, places in :data:`dolor.crosstalk.scores.score_flags.FLAG_TEXTS`.
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
