"""Droplets without a cell: they hold the ambient RNA alone, as raw matrices of droplet experiments do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.errors import UsageError

if TYPE_CHECKING:
    from anndata import AnnData

    from dolor.simulate.study_form import Study

_MEDIAN_COUNTS = 60.0
_SPREAD = 0.5


def empty_droplets(made: Study, per_sample: int = 500, *, seed: int = 0) -> AnnData:
    """Draw the empty droplets of a study from the ambient profiles of its samples.

    Parameters
    ----------
    made
        The study.
    per_sample
        Droplets wanted of each sample.
    seed
        Seed of the draw.

    Returns
    -------
    Droplets × genes with raw counts in ``layers["counts"]`` and ``sample_id`` in ``obs``; simulated like the study.

    Raises
    ------
    dolor.errors.UsageError
        ``per_sample`` is below 1.

    Examples
    --------
    >>> from dolor.simulate import study
    >>> made = study("nerve", n_animals=1, cells_per_sample=40)
    >>> empty_droplets(made, 10).n_obs == 10 * len(made.samples)
    True
    """
    import anndata

    if per_sample < 1:
        raise UsageError(f"per_sample is {per_sample}: it must be at least 1")
    streams = np.random.default_rng([seed, len(made.ambient)]).spawn(len(made.ambient))
    blocks = []
    for rng, profile in zip(streams, made.ambient.to_numpy(), strict=True):
        expected = _MEDIAN_COUNTS * np.exp(rng.normal(0, _SPREAD, per_sample))
        blocks.append(sparse.csr_matrix(rng.poisson(expected[:, None] * profile).astype(np.int32)))
    names = [f"{sample}_empty{number:05d}" for sample in made.ambient.index for number in range(1, per_sample + 1)]
    obs = pd.DataFrame({"sample_id": pd.Categorical(np.repeat(made.ambient.index, per_sample))}, index=names)
    droplets = anndata.AnnData(obs=obs, var=pd.DataFrame(index=made.cells.var_names))
    droplets.layers["counts"] = sparse.vstack(blocks, format="csr")
    droplets.uns["simulated"] = True
    return droplets
