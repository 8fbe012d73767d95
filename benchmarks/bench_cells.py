"""Doublets, sex and ambient RNA against the truth of simulated studies; every number here is of simulated data.

Seeds below 100 were looked at while the methods were made; begin at a fresh one to see what holds.

Usage: ``python benchmarks/bench_cells.py --first 301 [--only sex] [--organism human] [--suspension nucleus]``
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

import dolor as dl
from dolor.simulate import Study


def doublet_figures(study: Study) -> dict[str, object]:
    """Score doublets, and the kinds that heterotypic ones join."""
    cells = study.cells
    table = dl.pp.doublets(cells)
    truth, called = cells.obs["truth_doublet"], cells.obs["doublet"] == "yes"
    sizes = np.asarray(cells.layers["counts"].sum(axis=1)).ravel()
    asked = cells.obs["doublet_score"].notna().to_numpy()
    dl.pp.partners(cells, "truth_class")
    kind = dict(zip(cells.obs["truth_cell_type"].astype(str), cells.obs["truth_class"].astype(str), strict=True))
    partner = cells.obs["truth_partner"].astype(str).map(kind)
    mixed, paired = truth & (partner != cells.obs["truth_class"].astype(str)), cells.obs["pairing"] == "pair"
    eaters = cells.obs["truth_phagocytosis"] & ~truth
    meal = cells.obs["pairing"] == "phagocytosis"
    return {
        "doublet_auc": roc_auc_score(truth[asked], cells.obs["doublet_score"][asked]),
        "auc_of_counts": roc_auc_score(truth, sizes),
        "precision": truth[called].mean(),
        "recall": called[truth].mean(),
        "rules": ";".join(f"{rule}:{number}" for rule, number in table["rule"].value_counts().items()),
        "pair_recall": paired[mixed].mean(),
        "pair_precision": truth[paired].mean(),
        "meal_recall": meal[eaters].mean(),
        "meal_precision": cells.obs["truth_phagocytosis"][meal].mean(),
        "meals_called_doublet": called[eaters].mean(),
    }


def sex_figures(study: Study) -> dict[str, object]:
    """Score the calls of cells and of samples."""
    cells = study.cells
    calls = dl.pp.call_sex(cells)
    told = calls[calls["barcode"] != ""].set_index("barcode").loc[cells.obs_names]
    truth = cells.obs["truth_sex"].astype(str)
    called = (told["called"] != "unknown") & (truth != "mixed")
    report = dl.pp.sex_report(calls).set_index("sample_id")
    faults = study.truth[study.truth["kind"].isin(["swapped_sex", "pooled_library"])]["sample_id"]
    found = report.index[report["verdict"].isin(["contradicted", "pooled", "pooled_unreported"])]
    return {
        "sex_accuracy": (told["called"] == truth)[called].mean(),
        "sex_confidence": told["confidence"][called].mean(),
        "sex_called": called.mean(),
        "faults_found": f"{len(set(found) & set(faults))}/{len(faults)}",
        "faults_invented": len(set(found) - set(faults)),
    }


def ambient_figures(study: Study) -> dict[str, object]:
    """Compare profile and contamination with the truth, from the mixture and from empty droplets."""
    figures: dict[str, object] = {}
    cells = study.cells
    sample = cells.obs["sample_id"].astype(str)
    true_sample = cells.obs["truth_ambient"].groupby(sample).median()
    for source, empty in (("mixture", None), ("empty", dl.simulate.empty_droplets(study))):
        found = dl.pp.ambient(cells, empty)
        got = np.sqrt(found.profiles.loc[study.ambient.index, study.ambient.columns].to_numpy())
        true = np.sqrt(study.ambient.to_numpy())
        told = found.samples.set_index("sample_id").loc[true_sample.index, "contamination"]
        figures |= {
            f"{source}_profile_r": np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(got, true, strict=True)]),
            f"{source}_sample_r": np.corrcoef(told, true_sample)[0, 1],
            f"{source}_sample_ratio": (told / true_sample).median(),
            f"{source}_cell_r": np.corrcoef(cells.obs["ambient_share"], cells.obs["truth_ambient"])[0, 1],
        }
    return figures


FIGURES = {"doublets": doublet_figures, "sex": sex_figures, "ambient": ambient_figures}


def main() -> None:
    """Run all figures on each seed and print them, one column a seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--animals", type=int, default=4, help="animals of each condition and sex")
    parser.add_argument("--only", nargs="+", default=list(FIGURES), choices=list(FIGURES))
    parser.add_argument("--organism", default="mouse", choices=["mouse", "human"])
    parser.add_argument("--compartment", default="drg")
    parser.add_argument("--suspension", default="cell", choices=["cell", "nucleus"])
    options = parser.parse_args()
    columns = {}
    for seed in range(options.first, options.first + options.seeds):
        study = dl.simulate.study(
            options.compartment,
            seed=seed,
            n_animals=options.animals,
            suspension_type=options.suspension,
            organism=options.organism,
        )
        started = time.process_time()
        figures = {name: value for only in options.only for name, value in FIGURES[only](study).items()}
        spent = time.process_time() - started
        columns[f"seed {seed}"] = {"cells": study.cells.n_obs, **figures, "processor_seconds": spent}
    table = pd.DataFrame(columns)
    print(table.map(lambda value: f"{value:.3f}" if isinstance(value, float) else str(value)).to_string())


if __name__ == "__main__":
    main()
