"""Which cells are summed together: samples and cell types, and what is known of each sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dolor.core.contracts import SAMPLE_FIELDS
from dolor.core.errors import DataError

__all__ = ["Groups", "group_cells", "sample_fields"]


@dataclass(frozen=True)
class Groups:
    """Groups of cells, sorted by sample and cell type: the rows of the profiles.

    Attributes
    ----------
    of_cell
        Group of each cell.
    sample
        Sample of each group, a number.
    samples
        Names of the samples.
    labels
        Cell type of each group.
    first_cell
        First cell of each group.
    n_cells
        Cells of each group.
    """

    of_cell: NDArray[np.int64]
    sample: NDArray[np.int64]
    samples: list[str]
    labels: list[str]
    first_cell: NDArray[np.intp]
    n_cells: NDArray[np.int64]


def group_cells(sample: pd.Series, label: pd.Series) -> Groups:
    """Give a number to each group that occurs, by sample and then cell type."""
    sample_names, sample_codes = _sorted_codes(sample)
    label_names, label_codes = _sorted_codes(label)
    n_labels = len(label_names)
    code = sample_codes * n_labels + label_codes
    present, first_cell, of_cell = np.unique(code, return_index=True, return_inverse=True)
    return Groups(
        of_cell.astype(np.int64),
        present // n_labels,
        sample_names,
        [label_names[i] for i in present % n_labels],
        first_cell,
        np.bincount(of_cell, minlength=len(present)),
    )


def _sorted_codes(column: pd.Series) -> tuple[list[str], NDArray[np.int64]]:
    """Return the values that occur, as sorted text, and the number of each row's; labels are never copied as text."""
    codes, values = pd.factorize(column)
    sorted_names, rank = np.unique(np.array([str(value) for value in values]), return_inverse=True)
    return [str(name) for name in sorted_names], rank[codes].astype(np.int64)


def sample_fields(obs: pd.DataFrame, groups: Groups, sample_key: str) -> pd.DataFrame:
    """Take the columns that are constant within every sample, one row a group."""
    sample_of_cell = groups.sample[groups.of_cell]
    _, first_of_sample = np.unique(sample_of_cell, return_index=True)
    result = pd.DataFrame(index=_row_names(groups))
    for name in obs.columns:
        if name in ("cell_type", "n_cells", "n_counts"):
            continue
        codes = pd.factorize(obs[name])[0]
        if (codes == codes[first_of_sample][sample_of_cell]).all():
            values = obs[name].iloc[groups.first_cell]
            as_text = isinstance(values.dtype, pd.CategoricalDtype) or name in SAMPLE_FIELDS
            result[name] = (values.astype(str) if as_text else values).to_numpy()
        elif name in SAMPLE_FIELDS:
            raise DataError(f"obs['{name}'] has several values within one sample of obs['{sample_key}']")
    result["sample_id"] = [groups.samples[i] for i in groups.sample]
    return result


def _row_names(groups: Groups) -> list[str]:
    names = [f"{groups.samples[i]}|{label}" for i, label in zip(groups.sample, groups.labels, strict=True)]
    return names if len(set(names)) == len(names) else [f"{name}|{i}" for i, name in enumerate(names)]
