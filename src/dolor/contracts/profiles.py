"""Profiles: one row a (sample × cell type), the only thing that scores and contrasts read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dolor.contracts.cells import SAMPLE_FIELDS
from dolor.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

DETECTION_LAYER = "psbulk_props"
MOMENT_LAYERS = ("lognorm_s1", "lognorm_s2", "lognorm_s3")


def check_profiles(profiles: AnnData, source: str = "the profiles") -> AnnData:
    """Check that an object is Profiles.

    Parameters
    ----------
    profiles
        (Sample × cell type) × genes. ``X``: summed counts; ``layers["psbulk_props"]``: fraction of the cells that
        detect the gene; ``lognorm_s1``, ``_s2``, ``_s3``: sums over cells of x, x², x³ of log-normalised expression.
        ``obs``: the fields of a sample, ``cell_type``, ``n_cells``, ``n_counts``.
    source
        Name of the file or object, for the message.

    Returns
    -------
    The same object, untouched.

    Raises
    ------
    dolor.errors.DataError
        A column or layer is missing, a (sample, cell type) stands twice, or a row has no cells.
    """
    columns = (*SAMPLE_FIELDS, "cell_type", "n_cells", "n_counts")
    missing = [name for name in columns if name not in profiles.obs.columns]
    if missing:
        raise DataError(f"{source}: obs lacks the column(s) {', '.join(missing)}; make profiles with dolor.tl.profiles")
    missing = [name for name in (DETECTION_LAYER, *MOMENT_LAYERS) if name not in profiles.layers]
    if missing:
        raise DataError(f"{source}: lacks the layer(s) {', '.join(missing)}; make profiles with dolor.tl.profiles")
    keys = profiles.obs[["sample_id", "cell_type"]].astype(str)
    if keys.duplicated().any():
        sample, cell_type = keys[keys.duplicated()].iloc[0]
        raise DataError(f"{source}: sample '{sample}' and cell type '{cell_type}' stand in more than one row")
    if (np.asarray(profiles.obs["n_cells"]) <= 0).any():
        raise DataError(f"{source}: has rows without cells; a cell type absent from a sample has no row")
    return profiles
