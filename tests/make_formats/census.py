"""A small Census: SOMA laid out like the public one."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import anndata
import formats
import numpy as np
import pandas as pd
from scipy import sparse


def small_cells() -> anndata.AnnData:
    """Four cells of six genes, of two donors, with the columns of a Census."""
    obs = pd.DataFrame(
        {
            "assay": "10x 3' v3", "cell_type": ["macrophage", "neuron"] * 2, "dataset_id": "d1",
            "disease": ["normal", "normal", "neuropathy", "neuropathy"], "donor_id": ["a", "a", "b", "b"],
            "sex": ["female", "female", "male", "male"], "suspension_type": "nucleus", "tissue": "dorsal root ganglion",
            "tissue_general": "nerve", "is_primary_data": [True, True, True, False],
        },
        index=[f"c{number}" for number in range(4)],
    )  # fmt: skip
    return with_genes(sparse.csr_matrix(formats.COUNTS.astype("f4")), obs, formats.GENES, formats.IDS)


def with_genes(
    counts: sparse.csr_matrix, obs: pd.DataFrame, genes: Sequence[str], ids: Sequence[str]
) -> anndata.AnnData:
    """Give counts the gene columns of a Census."""
    detected = np.asarray((counts > 0).sum(axis=0)).ravel()
    var = pd.DataFrame({"feature_id": list(ids), "feature_name": list(genes), "nnz": detected}, index=list(ids))
    return anndata.AnnData(X=counts, obs=obs, var=var)


def write_census(folder: Path, parts: Iterable[anndata.AnnData], organism: str = "mus_musculus") -> Path:
    """Write cells as a Census, one part after the other; all have the same genes."""
    import tiledbsoma
    import tiledbsoma.io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with tiledbsoma.Collection.create(str(folder)) as root:
            data = root.add_new_collection("census_data")
            uri = f"{data.uri}/{organism}"
            names = {"measurement_name": "RNA", "X_layer_name": "raw"}
            for place, part in enumerate(parts):
                known = None
                if place:
                    fields = {"obs_field_name": "obs_id", "var_field_name": "var_id"}
                    known = tiledbsoma.io.register_anndatas(uri, [part], measurement_name="RNA", **fields)
                    known.prepare_experiment(uri)
                tiledbsoma.io.from_anndata(uri, part, registration_mapping=known, **names)
            data.set(organism, tiledbsoma.Experiment.open(uri), use_relative_uri=True)
    return folder
