"""One library: its cells, the RNA between them, and the droplets that hold two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from dolor.simulate.cells import Setting, cell_factors, expected_counts, gamma_poisson
from dolor.simulate.design import Library, draw_cells, lacking
from dolor.simulate.droplets import ambient_profile, cling, draw_ambient, merge, pair_up
from dolor.simulate.planted_effects import MODELS

_DEPTH_SPREAD = 0.15
_SIZE_SPREAD = 0.1
_DAMAGED_RATE = 0.02
_CLINGING_RATE = 0.3
_LYSED_SHARE = 0.03
_LYSED_POPULATION = "erythrocyte"
# A beta distribution with this sum of its parameters: a mean of 5 % has a standard deviation of 2.4 %.
_AMBIENT_CONCENTRATION = 80.0


@dataclass(frozen=True)
class Droplets:
    """What one library gave: counts, the fields of each droplet, the library's ambient profile and its summary."""

    counts: sparse.csr_matrix
    obs: pd.DataFrame
    ambient: NDArray[np.float64]
    summary: dict[str, object]


def simulate_library(library: Library, setting: Setting, rng: np.random.Generator) -> Droplets:
    """Simulate one library.

    Parameters
    ----------
    library
        What it is and holds.
    setting
        What it shares with the others.
    rng
        Its own source of randomness, so that libraries can be made in any order.
    """
    n_droplets = max(1, round(setting.cells_per_sample * float(np.exp(rng.normal(0, _SIZE_SPREAD)))))
    depth = float(np.exp(rng.normal(0, _DEPTH_SPREAD)))
    shared = pair_up(n_droplets, setting.doublet_rate, rng)
    population, animal = _draw_cells(library, setting, n_droplets + len(shared), rng)
    population = cling(population, shared, _companions(library, setting), _CLINGING_RATE, rng)
    expected, fed = expected_counts(library, setting, population, animal, depth, rng)
    damaged = rng.random(len(population)) < _DAMAGED_RATE
    factors = cell_factors(len(expected), _gene_groups(setting), damaged, rng)
    endogenous, main, other = merge(gamma_poisson(expected * factors, setting.dispersion, rng), shared)
    share, profile = _ambient(expected, setting, rng)
    typical = float(np.median(expected.sum(axis=1)))
    leaked = draw_ambient(profile, typical * share / (1 - share), n_droplets, rng)
    counts = endogenous + leaked
    obs = _fields(library, setting, population, animal, main, other)
    obs["truth_ambient"] = leaked.sum(axis=1) / np.maximum(counts.sum(axis=1), 1)
    obs["truth_damaged"] = damaged[main]
    obs["truth_phagocytosis"] = fed[main]
    return Droplets(sparse.csr_matrix(counts), obs, profile, _summary(library, obs, depth, share))


def _draw_cells(
    library: Library, setting: Setting, n_cells: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw population and animal of each cell, the animals of a pool in equal parts."""
    absent = lacking(setting.knowledge, list(setting.shares.index), library.missing)
    parts = np.array_split(np.arange(n_cells), len(library.animals))
    drawn = [
        draw_cells(setting.shares[(one.condition, one.sex)].to_numpy(), absent, len(part), rng)
        for one, part in zip(library.animals, parts, strict=True)
    ]
    animal = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = rng.permutation(n_cells)
    return np.concatenate(drawn)[order], animal[order]


def _companions(library: Library, setting: Setting) -> NDArray[np.intp]:
    """Return, for each population, the place of the one that clings to it in this library, -1 for none."""
    knowledge, names = setting.knowledge, list(setting.shares.index)
    absent = lacking(knowledge, names, library.missing)
    found = [knowledge.clinging.get(knowledge.populations[name].cell_class, "") for name in names]
    return np.array([names.index(one) if one in names and not absent[names.index(one)] else -1 for one in found])


def _ambient(
    expected: NDArray[np.float64], setting: Setting, rng: np.random.Generator
) -> tuple[float, NDArray[np.float64]]:
    """Draw the ambient share of the library and mix its profile."""
    genes = setting.levels.columns
    excess = np.array([setting.knowledge.ambient_excess.get(gene, 1.0) for gene in genes])
    lysed = setting.levels.loc[_LYSED_POPULATION].to_numpy()
    mean = setting.ambient_share
    spread = (mean * _AMBIENT_CONCENTRATION, (1 - mean) * _AMBIENT_CONCENTRATION)
    share = float(rng.beta(*spread)) if mean > 0 else 0.0
    return share, ambient_profile(expected.sum(axis=0), excess, lysed, _LYSED_SHARE)


def _gene_groups(setting: Setting) -> NDArray[np.int_]:
    genes, knowledge = setting.levels.columns, setting.knowledge
    return np.where(genes.isin(knowledge.mitochondrial), 1, np.where(genes.isin(knowledge.dissociation), 2, 0))


def _fields(
    library: Library,
    setting: Setting,
    population: NDArray[np.intp],
    animal: NDArray[np.intp],
    main: NDArray[np.intp],
    other: NDArray[np.intp],
) -> pd.DataFrame:
    """Return the fields of each droplet: what its label says, and the truth."""
    names = np.array(setting.levels.index)
    known = setting.knowledge.populations
    cell_type = names[population[main]]
    sexes = np.array([one.sex for one in library.animals])
    donors = np.array([one.donor_id for one in library.animals])
    mixed = (other >= 0) & (sexes[animal[main]] != sexes[animal[other]])
    return pd.DataFrame(
        {
            "sample_id": library.sample_id,
            "donor_id": library.donor_id,
            "condition": library.condition,
            "condition_model": MODELS[library.condition],
            "sex": library.reported_sex,
            "batch": library.batch,
            "truth_cell_type": cell_type,
            "truth_class": [known[name].cell_class for name in cell_type],
            "truth_lineage": [known[name].lineage for name in cell_type],
            "truth_sex": np.where(mixed, "mixed", sexes[animal[main]]),
            "truth_donor": donors[animal[main]],
            "truth_doublet": other >= 0,
            "truth_partner": np.where(other >= 0, names[population[other]], ""),
        },
        index=[f"{library.sample_id}_{number:05d}" for number in range(1, len(main) + 1)],
    )


def _summary(library: Library, obs: pd.DataFrame, depth: float, share: float) -> dict[str, object]:
    return {
        "sample_id": library.sample_id,
        "condition": library.condition,
        "reported_sex": library.reported_sex,
        "true_sex": library.true_sex,
        "batch": library.batch,
        "missing": library.missing,
        "droplets": len(obs),
        "doublets": int(obs["truth_doublet"].sum()),
        "damaged": int(obs["truth_damaged"].sum()),
        "depth": round(depth, 6),
        "ambient_share": round(share, 6),
    }
