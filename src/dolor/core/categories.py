"""Columns of repeated words in tables of millions of rows: codes, and few distinct words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

__all__ = ["category"]


def category(codes: NDArray[np.signedinteger], names: Sequence[str], shape: tuple[int, ...]) -> ExtensionArray:
    """Turn codes, spread over a shape, into a categorical of the names in use, in alphabetical order."""
    used = np.flatnonzero(np.bincount(codes.ravel(), minlength=len(names)))
    distinct = sorted({names[int(code)] for code in used})
    place = {name: i for i, name in enumerate(distinct)}
    translation = np.array([place.get(name, -1) for name in names])
    translation = translation.astype(np.min_scalar_type(-max(len(distinct), 1)))
    flat = np.broadcast_to(translation[codes], shape).ravel()
    return pd.Categorical.from_codes(flat, dtype=pd.CategoricalDtype(distinct), validate=False)
