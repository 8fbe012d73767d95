"""Write reference.json: what limma itself and two ports of it say of random data.

Needs R with limma (Debian: ``r-bioc-limma``) and a Python environment with ``inmoose`` and ``limma-py``; the tests read
what is stored and need neither. Usage: ``python make_reference.py reference.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def scenarios() -> dict[str, dict]:
    """Random data: variances that fall with the mean, some genes that change, precision weights, donors in pairs."""
    rng = np.random.default_rng(2024)
    made = {}
    for name, samples, groups, trend, weighted, paired in (
        ("plain", 6, 2, False, False, False),
        ("trend", 8, 2, True, False, False),
        ("weights", 10, 2, True, True, False),
        # With weights, limma approximates the joint F.
        ("three_groups", 9, 3, True, False, False),
        ("blocks", 10, 2, True, True, True),
    ):
        genes = 60
        mean = rng.uniform(1, 9, genes)
        spread = np.sqrt(0.3 * np.exp(-0.3 * (mean - 5)) * 5 / rng.chisquare(5, genes))
        group = np.arange(samples) % groups
        weight = rng.uniform(0.2, 3, (genes, samples)) if weighted else np.ones((genes, samples))
        donor = np.arange(samples) // 2 if paired else np.arange(samples)
        shared = rng.standard_normal((genes, samples))[:, donor] * 0.6 * paired
        noise = rng.standard_normal((genes, samples)) / np.sqrt(weight) + shared
        change = np.where(np.arange(genes) < 12, rng.normal(0, 1.5, genes), 0)
        values = mean[:, None] + spread[:, None] * noise + change[:, None] * (group == groups - 1)
        design = np.column_stack([np.ones(samples), *((group == g).astype(float) for g in range(1, groups))])
        made[name] = {
            "values": np.round(values, 3).tolist(),
            "design": design.tolist(),
            "contrast": np.eye(groups)[1:].tolist(),
            "trend": trend,
            "weights": np.round(weight, 3).tolist() if weighted else None,
            "block": donor.tolist() if paired else None,
            "correlation": 0.25 if paired else None,
        }
    return made


def by_limma(data: dict) -> tuple[str, dict]:
    """Run limma itself."""
    with tempfile.TemporaryDirectory() as folder:
        tables = {name: data[name] for name in ("values", "design", "contrast", "weights") if data[name] is not None}
        if data["block"] is not None:
            tables["block"] = [[donor] for donor in data["block"]]
        tables["settings"] = [[float(data["trend"]), data["correlation"] or 0.0]]
        for name, table in tables.items():
            np.savetxt(Path(folder) / f"{name}.csv", np.array(table), delimiter=",", fmt="%.17g")
        command = ["Rscript", str(HERE / "limma.R"), folder]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        found = {
            path.stem.removeprefix("out_"): np.loadtxt(path, delimiter=",", ndmin=2).tolist()
            for path in sorted(Path(folder).glob("out_*.csv"))
        }
    return said, found


def by_inmoose(data: dict) -> dict:
    """Run the port of inmoose, which has no blocks and, in 0.9.1, stops at weights."""
    from inmoose.limma import contrasts_fit, eBayes, lmFit
    from patsy import DesignInfo, DesignMatrix

    values, design, weights, contrast = _frames(data)
    matrix = DesignMatrix(design.to_numpy(), DesignInfo(list(design.columns)))
    fit = lmFit(values, design=matrix, weights=weights)
    return _tables(eBayes(contrasts_fit(fit, contrast), trend=data["trend"]))


def by_limma_py(data: dict) -> dict:
    """Run the port of limma-py, which has no blocks."""
    import limma_py

    values, design, weights, contrast = _frames(data)
    fit = limma_py.lmFit(values, design=design, weights=weights)
    return _tables(limma_py.eBayes(limma_py.contrasts_fit(fit, contrast), trend=data["trend"]))


def _frames(data: dict) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray | None, pd.DataFrame]:
    design = pd.DataFrame(data["design"], columns=[f"c{i}" for i in range(len(data["design"][0]))])
    contrast = pd.DataFrame(np.array(data["contrast"]).T, index=design.columns)
    weights = None if data["weights"] is None else np.array(data["weights"])
    return pd.DataFrame(data["values"]), design, weights, contrast


def _tables(fit) -> dict:
    # The joint F is taken from limma alone: of one contrast, inmoose 0.9.1 gives another p than for its t.
    names = {"effect": "coefficients", "t": "t", "pvalue": "p_value", "posterior": "s2_post", "prior_df": "df_prior"}
    found = {
        ours: np.asarray(fit[theirs] if isinstance(fit, dict) else getattr(fit, theirs), dtype=float)
        for ours, theirs in names.items()
    }
    return {name: (value if value.ndim == 2 else value.reshape(-1, 1)).tolist() for name, value in found.items()}


if __name__ == "__main__":
    reference = {"versions": {"inmoose": version("inmoose"), "limma-py": version("limma_py")}, "scenarios": {}}
    for name, data in scenarios().items():
        reference["versions"]["limma"], found = by_limma(data)
        results = {"limma": found}
        if data["weights"] is None:
            results["inmoose"] = by_inmoose(data)
        # Given two contrasts at once, limma-py 0.1.0 departs from limma, with weights or without.
        if data["block"] is None and len(data["contrast"]) == 1:
            results["limma-py"] = by_limma_py(data)
        reference["scenarios"][name] = {"data": data, "results": results}
    short = json.loads(json.dumps(reference), parse_float=lambda text: float(f"{float(text):.10g}"))
    Path(sys.argv[1]).write_text(json.dumps(short) + "\n")
