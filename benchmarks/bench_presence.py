"""Presence with true labels: how much of what is expressed is called present, and how much of that is truly absent.

    python benchmarks/bench_presence.py --seeds 321 322 323 324 [--reference FOLDER]

Simulated studies of all compartments, and the semi-synthetic study ``semisynthetic/nerve_crush.h5ad`` of the reference
folder (default ``$DOLOR_REFERENCE``, else ``../shared/reference``; left out, and said, where it is missing). The
simulator has no level between 0.02 and 0.7 per 10,000: changes of 300 (population, gene) pairs to levels of 0.02 to 5
are planted for this benchmark, half of them in one condition only. Flagged doublets are left out. Groups are each
condition and each condition in each sex; genes are those of the mediator catalog (semi-synthetic: those of its truth).

Recall: of what the cells express themselves at more than the floor (0.1 per 10,000), with at least 10 own transcripts
expected in the group and own at least leaked, the share that is called. False: of what is called, and either absent or
above the floor, the share that is absent (0.02 per 10,000 or less). What lies between the two is not graded but
counted as ``between``.

Methods: ``sums`` takes leakage from silent populations of the same sums; ``strict`` the same with the whole floor in
the mean under the null; ``pp.ambient`` takes leakage from :func:`dolor.pp.ambient` on the cells; ``true leakage`` knows
it. ``maximum 10 %`` and ``50 %`` are the rule of DropletUtils' ambientContribMaximum (own implementation): a gene stays
if at most that share of it, averaged over the samples, can be ambient.

Seeds 101, 201 and 202 and the semi-synthetic study were used to tune; seed 311 of the ganglion was seen.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse, special

import dolor as dl
from dolor.pseudobulk.leakage import estimate_leakage, expected_leakage, mixture_profiles
from dolor.pseudobulk.presence import FLOOR, MIN_CELLS, MIN_SAMPLES, Status, presence
from dolor.pseudobulk.unit_parts import unit_parts
from dolor.simulate import parameters as knowledge
from dolor.simulate.design import expected_proportions
from dolor.simulate.gene_set import catalog_genes
from dolor.simulate.planted_effects import Plant
from dolor.simulate.truth import Expectation

ABSENT = 0.02
ADDED_LEVELS, N_ADDED = (0.02, 5.0), 300
COUNT_BINS = [0, 2, 5, 10, 20, 50, 100, np.inf]
LEVEL_BINS = [FLOOR, 0.15, 0.2, 0.3, 0.5, 1, 2, np.inf]


@dataclass(frozen=True)
class Sums:
    """Samples × populations × genes, with the truth.

    ``own`` and ``leaked`` are expected transcripts; ``by_cells`` is the leakage that :func:`dolor.pp.ambient` expects.
    """

    counts: np.ndarray
    cells: np.ndarray
    library: np.ndarray
    own: np.ndarray
    leaked: np.ndarray
    by_cells: np.ndarray
    groups: np.ndarray
    graded: np.ndarray


def added(compartment: str, seed: int) -> tuple[Plant, ...]:
    """Plant levels from absent to well expressed on genes that a population lacks, besides the study's own changes."""
    known = knowledge.load()
    own = known.plants[compartment]
    levels = dl.simulate.study(
        compartment, seed=seed, n_animals=1, cells_per_sample=60, effects=(), faults=False
    ).levels
    taken = {plant.gene for plant in own}
    free = [gene for gene in levels.columns if gene in catalog_genes() and gene not in taken]
    background = levels[free].rename_axis("population").reset_index().melt("population", var_name="gene")
    background = background[(background["value"] > 0) & (background["value"] <= FLOOR)]
    rng = np.random.default_rng([seed, 77])
    made = []
    for row in background.iloc[rng.permutation(len(background))[:N_ADDED]].itertuples():
        level = np.exp(rng.uniform(*np.log(ADDED_LEVELS)))
        condition = str(rng.choice(["", "naive", "injured"], p=[0.5, 0.25, 0.25]))
        made.append(Plant(row.population, float(np.log2(level / row.value)), gene=row.gene, condition=condition))
    return (*own, *made)


def simulated(compartment: str, seed: int) -> dict[str, Sums]:
    """Simulate a study and sum it by true class and by true type."""
    plants = added(compartment, seed)
    study = dl.simulate.study(compartment, seed=seed, effects=plants)
    known = knowledge.load()
    shares = expected_proportions(known.numbers[compartment], plants)
    levels = Expectation(known, study.levels, shares, [plant for plant in plants if plant.gene]).changed_levels()
    samples = study.samples[study.samples["true_sex"] != "mixed"].rename(columns={"true_sex": "sex"})
    dl.pp.doublets(study.cells)
    found = dl.pp.ambient(study.cells)
    obs = study.cells.obs
    obs = obs.assign(ambient=obs["truth_ambient"], type=obs["truth_cell_type"])
    graded = study.levels.columns.isin(list(catalog_genes()))
    truth = {arm: table / 1e4 for arm, table in levels.items()}
    return {
        level: summed(study.cells, found, obs.assign(population=obs[column]), samples, truth, study.ambient, graded)
        for level, column in (("class", "truth_class"), ("type", "truth_cell_type"))
    }


def semisynthetic(folder: Path) -> dict[str, Sums]:
    """Sum the semi-synthetic study by true class and by true subset."""
    cells = anndata.read_h5ad(folder / "nerve_crush.h5ad")
    truth = pd.read_parquet(folder / "truth/nerve_crush.cells.parquet").set_index("barcode").loc[cells.obs_names]
    cells = cells[~truth["is_empty"].to_numpy()].copy()
    truth = truth.loc[cells.obs_names]
    cells.obs = cells.obs.assign(organism="mouse", suspension_type="cell", sex="unknown")
    samples = pd.read_csv(folder / "truth/nerve_crush.samples.tsv", sep="\t")
    samples = samples[samples["true_sex"].isin(["female", "male"])].assign(sex=samples["true_sex"])
    genes = pd.read_parquet(folder / "truth/nerve_crush.genes.parquet")
    dl.pp.doublets(cells)
    found, result = dl.pp.ambient(cells), {}
    for name, level in (("class", "class"), ("type", "subset")):
        obs = cells.obs.assign(ambient=truth["ambient_fraction"], type=truth[level], population=truth[level])
        own, both = {}, {}
        for arm, rows in genes[genes["level"] == level].groupby(["condition", "sex"]):
            for column, kept in (("cpm", own), ("cpm_with_ambient", both)):
                table = rows.pivot_table(index="celltype", columns="gene", values=column) / 1e6
                kept[arm] = table.reindex(columns=cells.var_names).fillna(0.0)
        # What leaks of each gene is the same in all populations, so the mean over them.
        share = samples.groupby(["condition", "sex"])["ambient"].mean()
        profile = {arm: ((both[arm] - (1 - share[arm]) * own[arm]).clip(lower=0) / share[arm]).mean() for arm in own}
        arms = zip(samples["sample_id"], samples["condition"], samples["sex"], strict=True)
        profiles = pd.DataFrame({sample: profile[(condition, sex)] for sample, condition, sex in arms}).T
        graded = cells.var_names.isin(genes["gene"].unique())
        result[name] = summed(cells, found, obs, samples, own, profiles, graded)
    return result


def summed(
    cells: anndata.AnnData,
    found: dl.pp.Ambient,
    obs: pd.DataFrame,
    samples: pd.DataFrame,
    levels: dict[tuple[str, str], pd.DataFrame],
    ambient: pd.DataFrame,
    graded: np.ndarray,
) -> Sums:
    """Sum cells that are not flagged as doublets, and what is expected of them.

    ``levels`` hold each arm's expected shares of a cell's own transcripts, ``ambient`` the profile of each sample.
    """
    single = (cells.obs["doublet"].astype(str) != "yes").to_numpy()
    counts, names = (
        sparse.csr_matrix(cells.layers["counts"], dtype=float),
        sorted(obs["population"].astype(str).unique()),
    )
    library = np.asarray(counts.sum(axis=1)).ravel()
    ambient_share, sample_of = obs["ambient"].to_numpy(dtype=float), obs["sample_id"].astype(str).to_numpy()
    population, type_of = obs["population"].astype(str).to_numpy(), obs["type"].astype(str).to_numpy()
    shape = len(samples), len(names), counts.shape[1]
    total, own, leaked = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    number, size = np.zeros(shape[:2]), np.zeros(shape[:2])
    for s, sample in enumerate(samples.itertuples()):
        arm = levels[(sample.condition, sample.sex)]
        for t, name in enumerate(names):
            rows = np.flatnonzero(single & (sample_of == sample.sample_id) & (population == name))
            if not len(rows):
                continue
            total[s, t] = np.asarray(counts[rows].sum(axis=0)).ravel()
            number[s, t], size[s, t] = len(rows), library[rows].sum()
            weight = pd.Series(library[rows] * (1 - ambient_share[rows])).groupby(type_of[rows]).sum()
            own[s, t] = weight.to_numpy() @ arm.loc[weight.index].to_numpy()
            leaked[s, t] = (library[rows] * ambient_share[rows]).sum() * ambient.loc[sample.sample_id].to_numpy()
    by_cells = expected_leakage(
        found.profiles.loc[samples["sample_id"]].to_numpy(),
        found.samples.set_index("sample_id")["leaked_per_cell"].loc[samples["sample_id"]].to_numpy(),
        number,
    )
    condition, sex = samples["condition"].to_numpy(), samples["sex"].to_numpy()
    groups = [condition == one for one in sorted(set(condition))]
    groups += [(condition == one) & (sex == other) for one in sorted(set(condition)) for other in ("female", "male")]
    return Sums(total, number, size, own, leaked, by_cells, np.array(groups), graded)


def of_dolor(sums: Sums, leaked: np.ndarray, held_out: np.ndarray | None = None, **options: float) -> np.ndarray:
    """Call presence of the graded genes, K × T × G."""
    columns = np.flatnonzero(sums.graded)
    each = np.arange(len(columns))
    parts = unit_parts(columns, each, each, len(sums.graded))
    found = presence(sums.counts, sums.cells, sums.library, leaked, sums.groups, parts, held_out=held_out, **options)
    return found.status == Status.PRESENT


def from_sums(sums: Sums) -> tuple[np.ndarray, np.ndarray]:
    """Estimate leakage from the sums themselves; also return the genes that were not used for it."""
    profiles = mixture_profiles(sums.counts, sums.library)
    found = estimate_leakage(sums.counts, sums.cells, sums.library, profiles)
    return expected_leakage(profiles, found.per_cell, sums.cells), ~found.used


def maximum_scaling(counts: np.ndarray, profile: np.ndarray, threshold: float = 0.1) -> float:
    """Return the largest number of ambient transcripts that Simes' test of all genes' lower Poisson tails accepts."""
    counts, profile = counts[profile > 0], profile[profile > 0]
    rank = np.arange(1, len(counts) + 1)
    low, high = 0.0, counts.sum() / profile.sum()
    for _ in range(15):
        middle = (low + high) / 2
        pvalue = np.sort(special.gammaincc(counts + 1, middle * profile))
        accepted = (pvalue * len(rank) / rank).min() > threshold
        low, high = (middle, high) if accepted else (low, middle)
    return low


def of_maximum(sums: Sums, shares: tuple[float, ...]) -> list[np.ndarray]:
    """Keep genes of which at most a share, averaged over the samples that show them, can be ambient."""
    profiles = mixture_profiles(sums.counts, sums.library)
    proportion = np.full(sums.counts.shape, np.nan)
    for s, t in np.argwhere(sums.cells >= MIN_CELLS):
        explained = maximum_scaling(sums.counts[s, t], profiles[s]) * profiles[s]
        seen = sums.counts[s, t] > 0
        proportion[s, t, seen] = np.minimum(explained[seen] / sums.counts[s, t, seen], 1.0)
    proportion = proportion[:, :, sums.graded]
    known = np.isfinite(proportion)
    averages = [
        np.where(known[group], proportion[group], 0).sum(axis=0) / np.maximum(known[group].sum(axis=0), 1)
        for group in sums.groups
    ]
    shown = np.array([known[group].any(axis=0) for group in sums.groups])
    return [shown & (np.array(averages) <= share) for share in shares]


def methods(sums: Sums) -> dict[str, np.ndarray]:
    """Call presence by every method, K × T × graded genes."""
    own = from_sums(sums)
    tenth, half = of_maximum(sums, (0.1, 0.5))
    return {
        "sums": of_dolor(sums, *own),
        "strict": of_dolor(sums, *own, background=FLOOR),
        "pp.ambient": of_dolor(sums, sums.by_cells),
        "true leakage": of_dolor(sums, sums.leaked),
        "maximum 10 %": tenth,
        "maximum 50 %": half,
    }


def judged(sums: Sums) -> pd.DataFrame:
    """Return one row for each judged (group, population, gene): expected counts, own level, and every method's call."""
    use = sums.cells >= MIN_CELLS
    calls = methods(sums)
    rows = []
    for k, group in enumerate(sums.groups):
        weight = (use & group[:, None]).astype(float)
        own, leaked = (np.einsum("st,stg->tg", weight, value[:, :, sums.graded]) for value in (sums.own, sums.leaked))
        level = own / np.maximum((weight * sums.library).sum(axis=0), 1.0)[:, None] * 1e4
        enough = weight.sum(axis=0) >= MIN_SAMPLES
        columns = {"own": own, "leaked": leaked, "level": level, **{name: call[k] for name, call in calls.items()}}
        rows.append(pd.DataFrame({name: value[enough].ravel() for name, value in columns.items()}))
    return pd.concat(rows, ignore_index=True)


def figures(rows: pd.DataFrame, method: str) -> dict[str, float]:
    """Return recall, false share and their numbers."""
    clear = (rows["level"] > FLOOR) & (rows["own"] >= rows["leaked"]) & (rows["own"] >= 10)
    called = rows[rows[method]]
    absent = (called["level"] <= ABSENT).sum()
    graded = absent + (called["level"] > FLOOR).sum()
    return {
        "expressed": int(clear.sum()),
        "recall": rows.loc[clear, method].mean(),
        "called": int(graded),
        "false": absent / max(graded, 1),
        "between": int(len(called) - graded),
    }


def by_bins(rows: pd.DataFrame, column: str, bins: list[float], names: list[str]) -> pd.DataFrame:
    """Return recall by bins of expected transcripts or of level, where own is at least leaked and above the floor."""
    clear = rows[(rows["level"] > FLOOR) & (rows["own"] >= rows["leaked"])]
    clear = clear if column == "own" else clear[clear["own"] >= 10]
    by_bin = clear.groupby(pd.cut(clear[column], bins), observed=True)
    return by_bin[names].mean().round(3).assign(n=by_bin.size())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[321, 322, 323, 324])
    parser.add_argument("--compartments", nargs="*", default=["drg", "nerve", "spinal_cord"])
    parser.add_argument(
        "--reference", type=Path, default=Path(os.environ.get("DOLOR_REFERENCE", "../shared/reference"))
    )
    options = parser.parse_args()
    makers: dict[str, Callable[[], dict[str, Sums]]] = {
        f"{compartment} {seed}": lambda compartment=compartment, seed=seed: simulated(compartment, seed)
        for compartment in options.compartments
        for seed in options.seeds
    }
    folder = options.reference / "semisynthetic"
    if (folder / "nerve_crush.h5ad").exists():
        makers["semi-synthetic"] = lambda: semisynthetic(folder)
    else:
        print(f"no semi-synthetic study in {folder}: left out")
    tables: dict[tuple[str, str], pd.DataFrame] = {}
    for study, make in makers.items():
        for level, sums in make().items():
            tables[study, level] = rows = judged(sums)
            names = [name for name in rows.columns if name not in ("own", "leaked", "level")]
            print(f"{study}, by {level}", flush=True)
            print(pd.DataFrame({name: figures(rows, name) for name in names}).T.round(4).to_string(), flush=True)
    for level in ("class", "type"):
        for kind in ("simulated", "semi-synthetic"):
            semi = kind == "semi-synthetic"
            rows = [table for (study, at), table in tables.items() if at == level and (study == kind) == semi]
            if not rows:
                continue
            whole = pd.concat(rows)
            print(f"\nall {kind} studies, by {level}")
            print(pd.DataFrame({name: figures(whole, name) for name in names}).T.round(4).to_string())
            print(by_bins(whole, "own", COUNT_BINS, names).to_string())
            print(by_bins(whole, "level", LEVEL_BINS, names).to_string())


if __name__ == "__main__":
    main()
