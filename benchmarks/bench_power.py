"""True and false discoveries of changed interactions: dolor, plain least squares, and PyDESeq2 with LIANA's df_to_lr.

Usage: ``python benchmarks/bench_power.py --venv DIR [--reference FOLDER] [--pairs 1000] [--seeds 3]``

The study is simulated and its truth known: ``synthetic/signal.h5ad`` and ``signal_true_genes.txt`` of the reference
folder (default ``$DOLOR_REFERENCE``, else ``../shared/reference``): 12 samples (2 conditions × 2 sexes × 3), 8 types.
Pairs are drawn at random from its genes, the same for all. A call is true if the ligand or the receptor truly changes;
in which cell type it does is not recorded, so that all three are judged a little kindly. ``--venv`` names the folder of
the peers' environments, which are made on the first run.

dolor and least squares fit ``~ condition * sex`` to the scores of samples and test the effect of condition. PyDESeq2
fits ``~ sex + condition`` to the summed counts of each cell type; df_to_lr joins its tables, and an interaction is
called by ``interaction_padj``, the mean of two adjusted p-values, as LIANA writes it, or, more kindly, by twice the
smaller of the two.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from rounds import interpreter

LEVELS = (0.05, 0.10)
KEY = ["sender", "receiver", "ligand", "receptor"]


def read_study(file: Path) -> anndata.AnnData:
    """Read the study under the names that Cells have."""
    cells = anndata.read_h5ad(file)
    obs = cells.obs
    renamed = pd.DataFrame({
        "sample_id": obs["sample"].astype(str), "donor_id": obs["sample"].astype(str),
        "cell_type": obs["cell_type"].astype(str),
        "condition": np.where(obs["condition"].astype(str) == "ctl", "naive", "injured"),
        "sex": obs["sex"].astype(str).map({"F": "female", "M": "male", "female": "female", "male": "male"}),
        "dataset_id": "signal", "tissue": "simulated", "organism": "human", "suspension_type": "cell",
        "assay": "simulated",
    }, index=obs.index)  # fmt: skip
    return anndata.AnnData(
        obs=renamed, var=pd.DataFrame(index=cells.var_names), layers={"counts": cells.layers["counts"]}
    )


def draw_pairs(genes: pd.Index, number: int, seed: int) -> pd.DataFrame:
    """Draw ligand-receptor pairs at random, each gene once."""
    chosen = np.random.default_rng(seed).permutation(genes.to_numpy())[: 2 * number].reshape(2, -1)
    pairs = pd.DataFrame({"ligand": chosen[0], "receptor": chosen[1]})
    return pairs.assign(interaction_id=pairs["ligand"] + ":" + pairs["receptor"])


def of_dolor(cells: anndata.AnnData, pairs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Test with dolor, and the same scores with least squares; one table of adjusted p-values each."""
    import dolor as dl
    from dolor.core.multiple_testing import benjamini_hochberg

    profiles = dl.tl.profiles(cells)
    table = dl.tl.contrast(profiles, pairs, "~ condition * sex", {"condition": "naive"})
    table = table[(table["contrast_type"] == "condition") & (table["status"] == "tested")]
    plain = table.assign(qvalue=benjamini_hochberg(_least_squares(profiles, table)))
    return {
        "dolor": table[[*KEY, "qvalue"]],
        "dolor, stage-wise": table[[*KEY, "qvalue_stagewise"]].set_axis([*KEY, "qvalue"], axis=1),
        "least squares": plain[[*KEY, "qvalue"]],
    }


def _least_squares(profiles: anndata.AnnData, table: pd.DataFrame) -> np.ndarray:
    """Return ordinary p-values of the effect of condition on the scores of the tested rows."""
    from scipy import stats

    log2 = pd.DataFrame(
        np.log2(profiles.X / profiles.obs["n_counts"].to_numpy()[:, None] * 1e4 + 0.5),
        index=pd.MultiIndex.from_frame(profiles.obs[["cell_type", "sample_id"]].astype(str)),
        columns=profiles.var_names,
    )
    samples = profiles.obs.drop_duplicates("sample_id").set_index("sample_id").sort_index()
    condition = np.where(samples["condition"] == "injured", 0.5, -0.5)
    sex = np.where(samples["sex"] == "female", 0.5, -0.5)
    design = np.column_stack([np.ones(len(samples)), condition, sex, condition * sex])
    pvalues = np.full(len(table), np.nan)
    for (sender, receiver), rows in table.reset_index().groupby(["sender", "receiver"], observed=True):
        present = log2.loc[sender].index.intersection(log2.loc[receiver].index)
        used = samples.index.isin(present)
        sides = ((sender, "ligand"), (receiver, "receptor"))
        scores = sum(
            log2.loc[cell_type].loc[samples.index[used], rows[side].astype(str)].to_numpy() for cell_type, side in sides
        ) / 2  # fmt: skip
        inverse = np.linalg.inv(design[used].T @ design[used])
        coefficients = inverse @ design[used].T @ scores
        df = int(used.sum()) - 4
        variance = ((scores - design[used] @ coefficients) ** 2).sum(axis=0) / df
        statistic = coefficients[1] / np.sqrt(inverse[1, 1] * variance)
        pvalues[rows.index] = 2 * stats.t.sf(np.abs(statistic), df)
    return pvalues


def of_peers(folder: Path) -> None:
    """Run in the environment of the peers: DESeq2 by cell type, joined by LIANA; writes a table for every seed."""
    import liana
    import scanpy
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    cells = anndata.read_h5ad(folder / "cells.h5ad")
    parts = []
    for cell_type, rows in cells.obs.groupby("cell_type", observed=True).groups.items():
        own = cells[rows]
        member = pd.get_dummies(own.obs["sample_id"].astype(str))
        counts = pd.DataFrame(
            member.to_numpy(dtype=float).T @ own.layers["counts"].toarray(), index=member.columns, columns=own.var_names
        )
        counts = counts.loc[:, counts.sum() >= 10].astype(int)
        samples = own.obs.drop_duplicates("sample_id").set_index("sample_id")[["condition", "sex"]].astype(str)
        fitted = DeseqDataSet(counts=counts, metadata=samples.loc[counts.index], design="~ sex + condition", quiet=True)
        fitted.deseq2()
        tests = DeseqStats(fitted, contrast=["condition", "injured", "naive"], quiet=True)
        tests.summary()
        parts.append(tests.results_df.assign(cell_type=cell_type))
    table = pd.concat(parts).fillna({"padj": 1.0, "pvalue": 1.0, "stat": 0.0, "log2FoldChange": 0.0})
    cells.X = cells.layers["counts"].copy()
    scanpy.pp.normalize_total(cells, target_sum=1e4)
    scanpy.pp.log1p(cells)
    for file in sorted(folder.glob("pairs_*.csv")):
        resource = pd.read_csv(file)[["ligand", "receptor"]]
        found = liana.mu.df_to_lr(
            cells, dea_df=table, groupby="cell_type", stat_keys=["stat", "pvalue", "padj"], resource=resource,
            use_raw=False, expr_prop=0.01, min_cells=1, verbose=False,
        )  # fmt: skip
        names = {"source": "sender", "target": "receiver", "interaction_padj": "qvalue"}
        found = found.drop(columns=["ligand", "receptor"], errors="ignore")
        renamed = found.rename(columns={"ligand_complex": "ligand", "receptor_complex": "receptor", **names})
        # Kinder to the peers: either of the two is enough, at the price of the choice.
        renamed["qvalue_either"] = np.minimum(2 * renamed[["ligand_padj", "receptor_padj"]].min(axis=1), 1.0)
        renamed[[*KEY, "qvalue", "qvalue_either"]].to_csv(folder / file.name.replace("pairs", "found"), index=False)


def counts_of_calls(table: pd.DataFrame, true: set[str]) -> dict[str, dict[str, float]]:
    """Count true calls at every level, and the share of false ones among all."""
    is_true = (table["ligand"].astype(str).isin(true) | table["receptor"].astype(str).isin(true)).to_numpy()
    counted = {}
    for level in LEVELS:
        called = (table["qvalue"] < level).to_numpy()
        counted[f"{level:.2f}"] = {"true": int((called & is_true).sum()), "false": int((called & ~is_true).sum())}
    return counted


def main() -> None:
    """Run all on the same study and pairs, and print one JSON object: sums over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("DOLOR_REFERENCE", Path(__file__).resolve().parents[2] / "shared" / "reference")
    parser.add_argument("--reference", type=Path, default=Path(default))
    parser.add_argument("--venv", type=Path, help="folder for the peers' environment; none: without peers")
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peers-in", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peers_in:
        return of_peers(options.peers_in)
    folder = options.reference / "synthetic"
    true = set((folder / "signal_true_genes.txt").read_text().split())
    cells = read_study(folder / "signal.h5ad")
    tables: dict[str, list[pd.DataFrame]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        cells.write_h5ad(work / "cells.h5ad")
        for seed in range(options.seeds):
            pairs = draw_pairs(cells.var_names, options.pairs, seed)
            pairs.to_csv(work / f"pairs_{seed}.csv", index=False)
            for name, table in of_dolor(cells, pairs).items():
                tables.setdefault(name, []).append(table)
        if options.venv:
            command = [str(interpreter(options.venv, "pydeseq2")), __file__, "--peers-in", str(work)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            found = [pd.read_csv(file) for file in sorted(work.glob("found_*.csv"))]
            tables["PyDESeq2 + df_to_lr"] = found
            tables["PyDESeq2 + df_to_lr, either"] = [part.assign(qvalue=part["qvalue_either"]) for part in found]
    result = {}
    for name, found in tables.items():
        calls = counts_of_calls(pd.concat(found, ignore_index=True), true)
        for counted in calls.values():
            total = counted["true"] + counted["false"]
            counted["false share"] = round(counted["false"] / total, 4) if total else 0.0
        result[name] = {"tests": sum(map(len, found)), **calls}
    print(json.dumps({"pairs": options.pairs, "seeds": options.seeds, "calls": result}, indent=2))
    return None


if __name__ == "__main__":
    main()
