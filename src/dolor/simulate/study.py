"""A simulated study of one compartment: naive and injured mice of both sexes, with known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dolor.contracts.cells import check_cells
from dolor.errors import UsageError
from dolor.simulate import knowledge as table
from dolor.simulate.cells import Setting
from dolor.simulate.composition import expected_proportions
from dolor.simulate.counts import draw_modules
from dolor.simulate.design import plan
from dolor.simulate.expectation import Expectation
from dolor.simulate.levels import expected_levels
from dolor.simulate.plants import Plant
from dolor.simulate.samples import Droplets, simulate_library
from dolor.simulate.truth import truth_table
from dolor.simulate.universe import gene_universe, markers_of

if TYPE_CHECKING:
    from anndata import AnnData

_BATCH_SPREAD = 0.12
_MODULES = 4
_DISPERSION = (0.25, 0.5)


@dataclass(frozen=True)
class Study:
    """A simulated study.

    Attributes
    ----------
    cells
        Cells, as every stage takes them; the ``truth_*`` columns of ``obs`` are the truth.
    truth
        What was planted and what each contrast should find, log2.
    samples
        One row a library: true sex, share of ambient transcripts, depth, doublets.
    levels
        Populations × genes: expected transcripts among 10,000 in the naive state, without those of one sex alone.
    ambient
        Samples × genes: ambient profiles, each summing to 1.
    """

    cells: AnnData
    truth: pd.DataFrame
    samples: pd.DataFrame
    levels: pd.DataFrame
    ambient: pd.DataFrame


def study(
    compartment: str = "drg",
    *,
    seed: int = 0,
    n_animals: int = 4,
    cells_per_sample: int = 400,
    n_genes: int = 2000,
    effects: Sequence[Plant] | None = None,
    doublet_rate: float = 0.04,
    ambient_share: float = 0.05,
    faults: bool = True,
    dataset_id: str = "",
) -> Study:
    """Simulate a study with known truth.

    Parameters
    ----------
    compartment
        ``drg``, ``nerve`` or ``spinal_cord``.
    seed
        Seed of everything random. Studies of one seed share the expression levels of their populations.
    n_animals
        Animals in each arm (naive and injured × female and male); each gives one sample.
    cells_per_sample
        Droplets a sample, on average.
    n_genes
        Genes; where the known ones are fewer, invented ones (``Sim0001``) fill up.
    effects
        What is planted; ``None``: the changes of ``signatures/simulation.yaml``, ``()``: nothing.
    doublet_rate
        Share of the droplets that hold two cells.
    ambient_share
        Average share of ambient transcripts in a cell of middle size.
    faults
        Include what goes wrong in real studies: a library that pools both sexes, a swapped label of sex, a sample
        that lacks a population.
    dataset_id
        Name of the dataset; default ``simulated_<compartment>``.

    Returns
    -------
    The study; its cells say ``uns["simulated"] = True``.

    Raises
    ------
    dolor.errors.UsageError
        The compartment is unknown, a size is not positive, or a plant names what the study does not hold.

    Examples
    --------
    >>> made = study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> sorted(made.cells.obs["condition"].unique()), bool(made.cells.uns["simulated"])
    (['injured', 'naive'], True)
    """
    known = table.load()
    known.check_compartment(compartment)
    _check_sizes(n_animals, cells_per_sample, doublet_rate, ambient_share)
    plants = known.plants[compartment] if effects is None else tuple(effects)
    dataset_id = dataset_id or f"simulated_{compartment}"
    study_rng = np.random.default_rng([seed, list(known.numbers).index(compartment)])
    genes = gene_universe(known, n_genes)
    present = list(known.numbers[compartment])
    levels = expected_levels(known, genes, markers_of(known), seed).loc[present]
    _check_plants(plants, known, present, genes)
    shares = expected_proportions(known.numbers[compartment], plants)
    setting = Setting(
        compartment=compartment,
        knowledge=known,
        levels=levels,
        shares=shares,
        plants=tuple(plant for plant in plants if plant.gene),
        batches={name: np.exp(study_rng.normal(0, _BATCH_SPREAD, len(genes))) for name in ("a", "b")},
        dispersion=_DISPERSION[0] * np.exp(study_rng.normal(0, _DISPERSION[1], len(genes))),
        modules=draw_modules(_MODULES, len(genes), study_rng),
        doublet_rate=doublet_rate,
        ambient_share=ambient_share,
        cells_per_sample=cells_per_sample,
    )
    libraries = plan(compartment, n_animals, faults=faults, missing=known.missing[compartment])
    made = [
        simulate_library(library, setting, rng)
        for library, rng in zip(libraries, study_rng.spawn(len(libraries)), strict=True)
    ]
    expected = Expectation(known, levels, shares, setting.plants)
    return Study(
        cells=_assemble(dataset_id, known.tissues[compartment], genes, made),
        truth=truth_table(dataset_id, compartment, expected, plants, libraries),
        samples=pd.DataFrame([one.summary for one in made]),
        levels=levels,
        ambient=pd.DataFrame([one.ambient for one in made], index=[lib.sample_id for lib in libraries], columns=genes),
    )


def null(seed: int = 0, compartment: str = "drg", **sizes: int) -> Study:
    """Simulate a study in which nothing is planted: every difference between its arms is chance.

    Parameters
    ----------
    seed
        Seed of everything random.
    compartment
        ``drg``, ``nerve`` or ``spinal_cord``.
    **sizes
        ``n_animals``, ``cells_per_sample``, ``n_genes`` of :func:`study`.

    Returns
    -------
    The study, without faults in its design. The genes of sex still tell females from males.

    Examples
    --------
    >>> made = null(3, n_animals=2, cells_per_sample=50)
    >>> bool((made.truth["effect"] == 0).all())
    True
    """
    return study(compartment, seed=seed, effects=(), faults=False, dataset_id=f"simulated_null_{compartment}", **sizes)


def write(made: Study, folder: Path | str) -> dict[str, Path]:
    """Write a study: ``cells.h5ad``, ``truth.tsv`` and ``samples.tsv``, each atomically.

    Parameters
    ----------
    made
        The study.
    folder
        Where to; it is made if it does not exist.

    Returns
    -------
    The path of each file, by its name without the ending.
    """
    from dolor.io.atomic import atomic_path, write_text

    paths = {
        name: Path(folder) / f"{name}{end}"
        for name, end in (("cells", ".h5ad"), ("truth", ".tsv"), ("samples", ".tsv"))
    }
    with atomic_path(paths["cells"]) as temporary:
        made.cells.write_h5ad(temporary, compression="gzip")
    for name in ("truth", "samples"):
        write_text(paths[name], getattr(made, name).to_csv(sep="\t", index=False, lineterminator="\n"))
    return paths


def _assemble(dataset_id: str, tissue: str, genes: Sequence[str], made: Sequence[Droplets]) -> AnnData:
    """Bring the libraries into one object and check that it is Cells."""
    import anndata
    from scipy import sparse

    counts = sparse.vstack([one.counts for one in made], format="csr", dtype=np.int32)
    obs = pd.concat([one.obs for one in made])
    same = {"dataset_id": dataset_id, "tissue": tissue, "organism": "mouse", "suspension_type": "cell",
            "assay": "simulated droplets"}  # fmt: skip
    obs = obs.assign(**same)
    for name in obs.select_dtypes(object):
        obs[name] = pd.Categorical(obs[name])
    cells = anndata.AnnData(X=counts.astype(np.float32), obs=obs, var=pd.DataFrame(index=list(genes)))
    cells.layers["counts"] = counts
    cells.uns["simulated"] = True
    cells.uns["title"] = f"Simulated study of the {tissue}: no animal was used, nothing here is a finding"
    return check_cells(cells, source=dataset_id)


def _check_sizes(n_animals: int, cells_per_sample: int, doublet_rate: float, ambient_share: float) -> None:
    for name, number in (("n_animals", n_animals), ("cells_per_sample", cells_per_sample)):
        if number < 1:
            raise UsageError(f"{name} is {number}: it must be at least 1")
    for name, share in (("doublet_rate", doublet_rate), ("ambient_share", ambient_share)):
        if not 0 <= share < 1:
            raise UsageError(f"{name} is {share}: it must be at least 0 and below 1")


def _check_plants(
    plants: Sequence[Plant], known: table.Knowledge, present: Sequence[str], genes: Sequence[str]
) -> None:
    """Refuse a plant that would change nothing."""
    for plant in plants:
        here = set(known.members(plant.population)) & set(present) if plant.gene else {plant.population} & set(present)
        if not here:
            what = "populations and nodes above them" if plant.gene else "populations"
            raise UsageError(
                f"a planted change names the population '{plant.population}', which this compartment does not hold; "
                f"its {what} are in signatures/simulation.yaml"
            )
        if plant.gene and plant.gene not in set(genes):
            raise UsageError(f"a planted change names the gene '{plant.gene}', which is not simulated")
