"""Are called signals there, and are called changes true? Through the public functions, with true labels.

Usage: ``python benchmarks/bench_signals.py [--studies 6] [--first-seed 3001] [--table FILE]``

Fresh simulated studies of ganglion, nerve and cord, with changed units added (see ``bench_units.py``), true labels of
cells and sex, doublets left out by their true label; leakage is estimated from the cells, as in a run. A called pair
has both ends if, in one of the compared groups, sender and receiver each hold more than 0.02 transcripts per 10,000 of
the ligand or receptor as their own (of complexes every subunit, of alternatives any). A called unit is false if its
expected expression differs by less than 0.05 log2 or has the other sign. Nothing was tuned on these seeds.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

import dolor as dl
from bench_units import ARMS, COMPARTMENTS, CONTRASTS, NEGLIGIBLE, changes_to_plant
from bench_units import tables as knowledge
from dolor.contrasts.contrast import compare
from dolor.knowledge import gene_logic
from dolor.simulate.design import expected_proportions
from dolor.simulate.study import study
from dolor.simulate.truth import Expectation

ABSENT = 0.02
LEVELS = (0.05, 0.10)
REFERENCE = {"condition": "naive", "sex": "male"}


def own_levels(compartment: str, levels: pd.DataFrame, plants: tuple) -> dict[str, pd.DataFrame]:
    """Return for each class the expected transcripts per 10,000 of its own, arms × genes."""
    known = knowledge.load()
    shares = expected_proportions(known.numbers[compartment], plants)
    changed = Expectation(known, levels, shares, tuple(plant for plant in plants if plant.gene)).changed_levels()
    size = np.array([known.populations[name].library for name in levels.index])
    classes = np.array([known.populations[name].cell_class for name in levels.index])
    found = {}
    for name in np.unique(classes):
        own = classes == name
        rows = []
        for arm in ARMS:
            weight = shares[arm].to_numpy()[own] * size[own]
            level = weight @ changed[arm].to_numpy()[own]
            rows.append(level / level.sum() * 1e4)
        found[str(name)] = pd.DataFrame(rows, columns=levels.columns)
    return found


def level_of(levels: pd.DataFrame, unit: str) -> np.ndarray:
    """Return the level of a ligand or receptor in each arm: subunits by the least, alternatives by their sum."""
    parts = [
        np.min([levels[gene].to_numpy() if gene in levels else np.zeros(4) for gene in genes], axis=0)
        for genes in gene_logic.parse(unit)
    ]
    return np.sum(parts, axis=0)


def arms_of(row: pd.Series) -> list[list[int]]:
    """Return the arms of each compared group."""
    weights = np.array(CONTRASTS[str(row["contrast_type"]), str(row["stratum"])])
    if row["contrast_type"] == "interaction":
        return [[arm] for arm in range(4)]
    return [list(np.flatnonzero(weights > 0)), list(np.flatnonzero(weights < 0))]


def run(compartment: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate a study, call its signals, and grade pairs and units."""
    plants = changes_to_plant(compartment, seed)
    made = study(compartment, seed=seed, effects=plants)
    single = ~made.cells.obs["truth_doublet"].to_numpy()
    cells = made.cells[single & (made.cells.obs["sex"] != "mixed").to_numpy()].copy()
    sex = cells.obs.groupby("sample_id", observed=True)["truth_sex"].agg(lambda values: values.value_counts().index[0])
    cells.obs["sex"] = cells.obs["sample_id"].map(sex).astype(str).to_numpy()
    cells.obs["cell_type"] = cells.obs["truth_class"]
    levels = own_levels(compartment, made.levels, plants)
    pairs = dl.catalog.interactions("mouse")
    genes = [plant.gene for plant in plants if plant.gene]
    added = pd.DataFrame({"interaction_id": genes, "ligand": genes, "receptor": genes}).drop_duplicates()
    every = pd.concat([pairs[["interaction_id", "ligand", "receptor"]], added], ignore_index=True)
    profiles = dl.tl.profiles(cells, every, genes=list(cells.var_names))
    found = compare(profiles, every, reference=REFERENCE)
    return (
        graded_pairs(found.contrasts[found.contrasts["interaction_id"].isin(pairs["interaction_id"])], levels),
        graded_units(found.units, levels),
    )


def graded_pairs(table: pd.DataFrame, levels: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Keep the called signals of condition, and say whether both ends are there."""
    called = table[(table["contrast_type"] == "condition") & (table["qvalue"] < LEVELS[0])].sort_values("qvalue")
    both = []
    for _, row in called.iterrows():
        ends = [level_of(levels[str(row[who])], str(row[what])) for who, what in
                (("sender", "ligand"), ("receiver", "receptor"))]  # fmt: skip
        both.append(any(all(end[arms].mean() > ABSENT for end in ends) for arms in arms_of(row)))
    return called.assign(both_ends=both)


def graded_units(table: pd.DataFrame, levels: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Add the true change of each tested unit, and whether a call of it would be false."""
    tested = table[(table["status"] == "tested") & ~table["unit"].str.contains(r"[+|]")].copy()
    change = []
    for row in tested.itertuples():
        weights = np.array(CONTRASTS[row.contrast_type, row.stratum])
        change.append(float(weights @ np.log2(np.maximum(level_of(levels[row.population], row.unit), 1e-6))))
    tested["true_change"] = change
    tested["false"] = (np.abs(change) < NEGLIGIBLE) | (np.sign(change) != np.sign(tested["effect"]))
    return tested


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=3001)
    parser.add_argument("--table", default="")
    options = parser.parse_args()
    pairs, units = [], []
    for number in range(options.studies):
        compartment, seed = COMPARTMENTS[number % 3], options.first_seed + number
        called, tested = run(compartment, seed)
        name = f"{compartment} {seed}"
        pairs.append(called.assign(study=name))
        units.append(tested.assign(study=name))
        ends = called["both_ends"]
        print(
            f"{name}: {len(called)} signals of condition, both ends {ends.mean():.3f}, first 20 {ends[:20].mean():.2f}"
        )
    every, tested = pd.concat(pairs), pd.concat(units)
    print(f"both ends, all studies: {every['both_ends'].mean():.3f} of {len(every)}")
    print("contrast type | q < | called | false, mean over studies | pooled | null p < 0.05")
    for kind, rows in tested.groupby("contrast_type"):
        null = rows.loc[np.abs(rows["true_change"]) < NEGLIGIBLE, "pvalue"]
        for level in LEVELS:
            called = rows[rows["qvalue"] < level]
            shares = [group["false"].mean() if len(group) else 0.0 for _, group in called.groupby("study")]
            mean = sum(shares) / options.studies
            pooled, share = called["false"].mean(), (null < 0.05).mean()
            print(f"{kind} | {level} | {len(called)} | {mean:.3f} | {pooled:.3f} | {share:.3f}")
    if options.table:
        tested.to_csv(options.table, sep="\t", index=False)


if __name__ == "__main__":
    main()
