"""Profiles made by hand, for tests of what reads profiles."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

SEX = {"F": "female", "M": "male", "female": "female", "male": "male"}


def profiles_of(
    counts: sparse.csr_matrix, cells: pd.DataFrame, genes: list[str], dataset_id: str = "toy"
) -> anndata.AnnData:
    """Sum counts over the cells of each (sample, cell type); ``cells`` has these two columns and what else is known."""
    cells = cells.reset_index(drop=True)
    keys = cells["sample_id"].astype(str) + "\t" + cells["cell_type"].astype(str)
    rows, group = np.unique(keys, return_inverse=True)
    member = sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
    counts = sparse.csr_matrix(counts).astype(float)
    library = np.asarray(counts.sum(axis=1)).ravel()
    n_cells = np.asarray(member.sum(axis=1)).ravel()
    obs = pd.DataFrame([key.split("\t") for key in rows], columns=["sample_id", "cell_type"], index=rows)
    first = cells.drop_duplicates("sample_id").set_index(cells.drop_duplicates("sample_id")["sample_id"].astype(str))
    for name in cells.columns.difference(["sample_id", "cell_type"]):
        obs[name] = first.loc[obs["sample_id"], name].to_numpy()
    constants = {
        "dataset_id": dataset_id, "donor_id": obs["sample_id"], "tissue": "DRG", "organism": "human",
        "suspension_type": "cell", "assay": "10x", "batch": "b1",
    }  # fmt: skip
    for name, value in constants.items():
        if name not in obs:
            obs[name] = value
    obs["n_cells"], obs["n_counts"] = n_cells.astype(int), member @ library
    detected = (counts > 0).astype(float)
    summed = (member @ counts).toarray()
    profiles = anndata.AnnData(summed, obs=obs, var=pd.DataFrame(index=genes))
    profiles.layers["psbulk_props"] = (member @ detected).toarray() / n_cells[:, None]
    for name in ("lognorm_s1", "lognorm_s2", "lognorm_s3"):
        profiles.layers[name] = np.zeros_like(summed)
    return profiles


def synthetic(folder: Path, name: str) -> anndata.AnnData:
    """Profiles of a synthetic study with known truth: 8 cell types, 12 samples, 2 conditions, 2 sexes."""
    cells = anndata.read_h5ad(folder / "synthetic" / f"{name}.h5ad")
    obs = pd.DataFrame({
        "sample_id": cells.obs["sample"].astype(str),
        "cell_type": cells.obs["cell_type"].astype(str),
        "condition": cells.obs["condition"].astype(str).map({"ctl": "naive"}).fillna("injured"),
        "sex": cells.obs["sex"].astype(str).map(SEX),
    })  # fmt: skip
    return profiles_of(cells.layers["counts"], obs, list(cells.var_names), dataset_id=name)


def kang(folder: Path) -> anndata.AnnData:
    """Profiles of Kang 2018: blood cells of eight donors (all women), with and without interferon-beta."""
    file = folder / "kang2018_pbmc_ifnb.h5ad"
    if not file.is_file():
        pytest.skip(f"needs {file}, which is absent")
    cells = anndata.read_h5ad(file)
    cells = cells[cells.obs["droplet"] == "singlet"].copy()
    obs = pd.DataFrame({
        "sample_id": cells.obs["sample_id"].astype(str), "donor_id": cells.obs["donor"].astype(str),
        "cell_type": cells.obs["cell_type"].astype(str), "condition": cells.obs["condition"].astype(str),
        "sex": "female",
    })  # fmt: skip
    return profiles_of(cells.X, obs, list(cells.var_names), "kang")


def random_pairs(genes: list[str], number: int, seed: int = 0) -> pd.DataFrame:
    """Ligand-receptor pairs drawn at random, each once."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(genes))[: 2 * number].reshape(2, -1)
    ligand, receptor = ([genes[i] for i in side] for side in chosen)
    return pd.DataFrame({
        "interaction_id": [f"{a}:{b}" for a, b in zip(ligand, receptor, strict=True)],
        "ligand": ligand,
        "receptor": receptor,
        "ligand_proxy": "",
    })  # fmt: skip
