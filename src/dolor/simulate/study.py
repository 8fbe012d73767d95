"""Writing a simulated study to a folder.

A simulated study of one compartment: naive and injured mice of both sexes, with known truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from dolor.simulate import parameters as table
from dolor.simulate.assemble import as_human, make_cells
from dolor.simulate.cells import Setting, draw_modules
from dolor.simulate.design import BATCHES, Library, expected_proportions, plan
from dolor.simulate.expression import expected_levels, nuclear_knowledge, nuclear_levels
from dolor.simulate.gene_set import gene_universe, markers_of
from dolor.simulate.parameters import Study, check_plants, check_sizes, check_words
from dolor.simulate.planted_effects import Plant
from dolor.simulate.samples import Droplets, simulate_library
from dolor.simulate.truth import Expectation, truth_table

__all__ = ["null", "study", "write"]


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

    Examples
    --------
    >>> import tempfile
    >>> import dolor as dl
    >>> made = dl.simulate.study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sorted(path.name for path in write(made, folder).values())
    ['cells.h5ad', 'samples.tsv', 'truth.tsv']
    """
    from dolor.io.write import atomic_path, write_text

    paths = {
        name: Path(folder) / f"{name}{end}"
        for name, end in (("cells", ".h5ad"), ("truth", ".tsv"), ("samples", ".tsv"))
    }
    with atomic_path(paths["cells"]) as temporary:
        made.cells.write_h5ad(temporary, compression="gzip")
    for name in ("truth", "samples"):
        write_text(paths[name], getattr(made, name).to_csv(sep="\t", index=False, lineterminator="\n"))
    return paths


_BATCH_SPREAD = 0.18
_MODULES = 4
_DISPERSION = (0.25, 0.5)


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
    suspension_type: str = "cell",
    organism: str = "mouse",
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
    suspension_type
        ``cell`` or ``nucleus``.
    organism
        ``mouse``, or ``human``: the same levels under human gene symbols.
    dataset_id
        Name of the dataset; default ``simulated_<compartment>``.

    Returns
    -------
    The study; its cells say ``uns["simulated"] = True``.

    Raises
    ------
    dolor.core.errors.UsageError
        A word is unknown, a size is not positive, or a plant names what the study does not hold.

    Examples
    --------
    >>> made = study("drg", seed=1, n_animals=1, cells_per_sample=60)
    >>> sorted(made.cells.obs["condition"].unique()), bool(made.cells.uns["simulated"])
    (['injured', 'naive'], True)
    """
    known = table.load()
    known.check_compartment(compartment)
    check_sizes(n_animals, cells_per_sample, doublet_rate, ambient_share)
    check_words(organism, suspension_type)
    plants = known.plants[compartment] if effects is None else tuple(effects)
    rng = np.random.default_rng([seed, list(known.numbers).index(compartment)])
    setting = replace(
        _setting(known, compartment, seed, n_genes, plants, rng),
        doublet_rate=doublet_rate,
        ambient_share=ambient_share,
        cells_per_sample=cells_per_sample,
    )
    if suspension_type == "nucleus":
        nuclear = nuclear_levels(setting.levels, known)
        setting = replace(setting, levels=nuclear, knowledge=nuclear_knowledge(known), suspension_type=suspension_type)
    libraries = plan(compartment, n_animals, faults=faults, missing=known.missing[compartment])
    streams = rng.spawn(len(libraries))
    made = [simulate_library(library, setting, stream) for library, stream in zip(libraries, streams, strict=True)]
    whole = _bring_together(made, setting, libraries, plants, dataset_id or f"simulated_{compartment}")
    return as_human(whole) if organism == "human" else whole


def _setting(
    known: table.Knowledge, compartment: str, seed: int, n_genes: int, plants: Sequence[Plant], rng: np.random.Generator
) -> Setting:
    """Draw what all libraries of a study share."""
    genes = gene_universe(known, n_genes)
    present = list(known.numbers[compartment])
    check_plants(plants, known, present, genes)
    return Setting(
        compartment=compartment,
        knowledge=known,
        levels=expected_levels(known, genes, markers_of(known), seed).loc[present],
        shares=expected_proportions(known.numbers[compartment], plants),
        plants=tuple(plant for plant in plants if plant.gene),
        batches={name: np.exp(rng.normal(0, _BATCH_SPREAD, len(genes))) for name in BATCHES},
        dispersion=_DISPERSION[0] * np.exp(rng.normal(0, _DISPERSION[1], len(genes))),
        modules=draw_modules(_MODULES, len(genes), rng),
    )


def _bring_together(
    made: Sequence[Droplets], setting: Setting, libraries: Sequence[Library], plants: Sequence[Plant], dataset_id: str
) -> Study:
    """Join the libraries, and write down the truth."""
    tissue, genes = setting.knowledge.tissues[setting.compartment], list(setting.levels.columns)
    obs = pd.concat([one.obs for one in made]).assign(
        dataset_id=dataset_id,
        tissue=tissue,
        organism="mouse",
        suspension_type=setting.suspension_type,
        assay="simulated droplets",
    )
    counts = sparse.csr_matrix(sparse.vstack([one.counts for one in made], dtype=np.int32))
    title = f"Simulated study of the {tissue}: no animal was used, nothing here is a finding"
    expected = Expectation(setting.knowledge, setting.levels, setting.shares, setting.plants)
    return Study(
        cells=make_cells(counts, obs, genes, title),
        truth=truth_table(dataset_id, setting.compartment, expected, plants, libraries),
        samples=pd.DataFrame([one.summary for one in made]),
        levels=setting.levels,
        ambient=pd.DataFrame([one.ambient for one in made], index=[one.sample_id for one in libraries], columns=genes),
    )


def null(
    seed: int = 0,
    compartment: str = "drg",
    *,
    n_animals: int = 4,
    cells_per_sample: int = 400,
    n_genes: int = 2000,
) -> Study:
    """Simulate a study in which nothing is planted: every difference between its arms is chance.

    Parameters
    ----------
    seed
        Seed of everything random.
    compartment
        ``drg``, ``nerve`` or ``spinal_cord``.
    n_animals, cells_per_sample, n_genes
        As in :func:`study`.

    Returns
    -------
    The study, without faults in its design. The genes of sex still tell females from males.

    Examples
    --------
    >>> made = null(3, n_animals=2, cells_per_sample=50)
    >>> bool((made.truth["effect"] == 0).all())
    True
    """
    return study(
        compartment,
        seed=seed,
        n_animals=n_animals,
        cells_per_sample=cells_per_sample,
        n_genes=n_genes,
        effects=(),
        faults=False,
        dataset_id=f"simulated_null_{compartment}",
    )
