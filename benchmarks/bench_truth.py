"""What of the truth of simulated studies the whole path finds again: labels, planted changes, nulls.

    python benchmarks/bench_truth.py --seeds 5

Prints one row a study: class and subset agreement, planted changes with the right sign and those called at a false
discovery rate of 5 %, and the share of null tests below 0.05.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

import dolor as dl
from dolor.knowledge import gene_logic

REFERENCE = {"condition": "naive", "sex": "male"}


def recover(compartment: str, seed: int, *, n_animals: int = 4, cells_per_sample: int = 400) -> dict[str, float]:
    """Simulate a study, take it through the whole path, and hold what is found against what was planted."""
    study = dl.simulate.study(compartment, seed=seed, n_animals=n_animals, cells_per_sample=cells_per_sample)
    cells, _ = dl.pp.quality(dl.read(study.cells))
    dl.pp.settle_sex(cells, dl.pp.call_sex(cells))
    dl.tl.annotate(cells, compartment=compartment, seed=seed)
    pairs = dl.catalog.interactions("mouse")
    changes = dl.tl.unit_changes(dl.tl.profiles(cells, pairs), pairs, "~ condition * sex", REFERENCE)
    return {**_labels(cells.obs), **_changes(changes[changes["status"] == "tested"], study.truth)}


def _labels(obs: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import f1_score

    single = obs[~obs["truth_doublet"].astype(bool)].astype(str)
    finest = single["cell_type"].where(single["cell_state"] == "", single["cell_state"])
    truth = single["truth_cell_type"]
    return {
        "class": float((single["cell_class"] == single["truth_class"]).mean()),
        "subset_f1": float(f1_score(truth, finest, labels=sorted(set(truth)), average="macro", zero_division=0)),
    }


def _changes(tested: pd.DataFrame, truth: pd.DataFrame) -> dict[str, float]:
    """Compare the condition effects: a planted gene moves every ligand or receptor that it is part of.

    Units of which another gene was planted too are left out: they have two truths.
    """
    tree = dl.populations.tree()
    rows = tested[tested["contrast_type"] == "condition"].astype({"population": str, "unit": str})
    genes = rows["unit"].map(lambda text: frozenset(gene_logic.genes(text)))
    moved = set(truth.loc[truth["kind"] == "expression", "gene"])
    planted, found = [], []
    changes = truth[(truth["contrast_type"] == "condition") & (truth["kind"] == "expression")]
    for change in changes[changes["role"] != ""].itertuples():
        within = {change.population, *tree.descendants(change.population)}
        others = moved - {change.gene}
        of_gene = genes.map(lambda names, gene=change.gene, others=others: gene in names and others.isdisjoint(names))
        mine = rows[rows["population"].isin(within) & of_gene]
        if float(change.effect) != 0 and len(mine):
            right = np.sign(mine["effect"]) == np.sign(float(change.effect))
            planted.append(right.mean())
            found.append(bool((right & (mine["qvalue"] < 0.05)).any()))
    nulls = rows[genes.map(moved.isdisjoint) & ~rows["population"].isin(_with_moving_states(truth))]
    return {
        "planted": len(planted),
        "sign_right": float(np.mean(planted)),
        "called": float(np.mean(found)),
        "null_tests": len(nulls),
        "null_below_005": float((nulls["pvalue"] < 0.05).mean()) if len(nulls) else float("nan"),
    }


def _with_moving_states(truth: pd.DataFrame) -> set[str]:
    """Return the populations that contain one whose share was planted to change, and so change by it."""
    moving = truth[(truth["kind"] == "composition") & (truth["contrast_type"] == "condition")]
    moving = moving[moving["planted"] == "yes"]
    tree = dl.populations.tree()
    return {name for population in moving["population"] for name in tree.ancestors(population)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    rows = [
        {"compartment": compartment, "seed": seed, **recover(compartment, seed)}
        for compartment in ("drg", "nerve", "spinal_cord")
        for seed in range(options.seeds)
    ]
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
