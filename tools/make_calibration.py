"""Draw docs/images/calibration.png and write docs/calibration.md: p-values where nothing changes, in simulated studies.

    python tools/make_calibration.py [--studies 4]

Left: the p-values of all five kinds of contrasts against those that chance would give. Right: p-values of specificity
in closed form against those of permutations of the same cells. All cells are simulated.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import dolor as dl
from dolor.pseudobulk.expression import compile_units
from dolor.scores.permutation import permutation_pvalues

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes

DOCS = Path(__file__).resolve().parents[1] / "docs"
PERMUTATIONS = 2000
# A cell type of fewer cells is permuted by dolor itself where cells are at hand.
FEWEST = 30


def null_study(seed: int) -> AnnData:
    """Simulate a ganglion in which injury changes nothing, labelled by the truth."""
    cells = dl.simulate.study("drg", seed=seed, n_animals=4, cells_per_sample=250, effects=(), faults=False).cells
    cells.obs["cell_type"] = cells.obs["truth_class"]
    return dl.read(cells)


def contrasts(studies: int) -> pd.DataFrame:
    """Test all five kinds of contrasts in several null studies."""
    pairs = dl.catalog.interactions("mouse")
    tables = []
    for seed in range(studies):
        profiles = dl.tl.profiles(null_study(seed), pairs)
        table = dl.tl.contrast(profiles, pairs, "~ condition * sex", {"condition": "naive", "sex": "male"})
        tables.append(table.loc[table["status"] == "tested", ["contrast_type", "pvalue", "qvalue"]].assign(study=seed))
    return pd.concat(tables, ignore_index=True)


def shares(tests: pd.DataFrame) -> pd.DataFrame:
    """Count, by kind of contrast, what is below common levels and what survives the adjustment."""
    kinds = tests.groupby("contrast_type", observed=True)
    return pd.DataFrame({
        "tests": kinds.size(),
        "p < 0.05": kinds["pvalue"].apply(lambda p: (p < 0.05).mean()).round(4),
        "p < 0.01": kinds["pvalue"].apply(lambda p: (p < 0.01).mean()).round(4),
        "q < 0.05": kinds["qvalue"].apply(lambda q: int((q < 0.05).sum())),
    })  # fmt: skip


def both_ways(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """p-values of specificity of one sample: closed form, and permutations."""
    cells = null_study(seed)
    cells = cells[cells.obs["sample_id"] == cells.obs["sample_id"].iloc[0]].copy()
    sizes = cells.obs["cell_type"].astype(str).value_counts()
    cells = cells[cells.obs["cell_type"].astype(str).isin(sizes.index[sizes >= FEWEST])].copy()
    pairs = dl.catalog.interactions("mouse")
    table = dl.tl.score(dl.tl.profiles(cells, pairs), pairs)
    kinds = sorted(set(table["sender"]))
    label = cells.obs["cell_type"].astype(str).map({name: place for place, name in enumerate(kinds)}).to_numpy()
    scored = table.drop_duplicates("interaction_id")
    units = (compile_units(scored[side], list(cells.var_names)) for side in ("ligand", "receptor"))
    permuted = permutation_pvalues(cells.X, label, *units, permutations=PERMUTATIONS)
    return table["pvalue"].to_numpy(), permuted.ravel()


def draw_quantiles(axes: Axes, tests: pd.DataFrame) -> None:
    """Draw observed against expected -log10 p, one line a kind of contrast."""
    for kind, pvalues in tests.groupby("contrast_type", observed=True)["pvalue"]:
        expected = (np.arange(len(pvalues)) + 0.5) / len(pvalues)
        axes.plot(-np.log10(expected), -np.log10(np.sort(pvalues)), label=str(kind).replace("_", " "), linewidth=1)
    end = axes.get_xlim()[1]
    axes.plot([0, end], [0, end], color="0.6", linewidth=0.6, linestyle="--")
    axes.set(xlabel="expected −log10 p", ylabel="observed −log10 p", title="Contrasts, nothing changes (simulated)")
    axes.legend()


def draw_agreement(axes: Axes, closed: np.ndarray, permuted: np.ndarray) -> None:
    """Draw the two ways to a p-value against each other."""
    axes.plot(permuted, closed, ".", markersize=1.5, alpha=0.4)
    axes.plot([1 / PERMUTATIONS, 1], [1 / PERMUTATIONS, 1], color="0.6", linewidth=0.6, linestyle="--")
    axes.set(xscale="log", yscale="log", xlabel=f"{PERMUTATIONS} permutations", ylabel="closed form")
    axes.set(xlim=(0.8 / PERMUTATIONS, 1.2), ylim=(0.2 / PERMUTATIONS, 1.2), title="Specificity (simulated)")


def main() -> None:
    """Draw the figure and write the table."""
    import matplotlib.pyplot as plt

    from dolor.pl.theme import theme

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4)
    tests = contrasts(parser.parse_args().studies)
    closed, permuted = both_ways(seed=0)
    with theme():
        figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
        draw_quantiles(left, tests)
        draw_agreement(right, closed, permuted)
        (DOCS / "images").mkdir(exist_ok=True)
        figure.savefig(DOCS / "images/calibration.png", dpi=200)
    table = shares(tests)
    lines = ["| contrast | tests | p < 0.05 | p < 0.01 | discoveries at q < 0.05 |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {kind} | {row[0]:,.0f} | {row[1]:.2%} | {row[2]:.2%} | {row[3]:.0f} |" for kind, *row in table.itertuples()
    ]
    difference = np.abs(closed - permuted)
    lines += [
        "",
        f"{tests['study'].nunique()} simulated studies of 16 animals. Specificity: {len(closed):,} p-values of one "
        f"sample differ from {PERMUTATIONS:,} permutations by {np.median(difference):.4f} in the median and "
        f"{np.quantile(difference, 0.99):.3f} at the 99th percentile; one standard error of a permuted p of 0.5 is "
        f"{np.sqrt(0.25 / PERMUTATIONS):.3f}.",
    ]
    (DOCS / "calibration.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
