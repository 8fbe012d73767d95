"""Write edger_reference.json: fits and tests by edgeR's quasi-likelihood (PyPI ``edgepython`` 0.5.0, GPL-3).

The tests read the file and do not need the package.

Usage, in an environment that has edgepython: ``python tests/contrasts/make_edger_reference.py``
"""

import json
from pathlib import Path

import edgepython
import numpy as np

SAMPLES, UNITS, DISPERSION = 10, 120, 0.1


def main() -> None:
    """Draw counts, fit, test, write."""
    rng = np.random.default_rng(20)
    mean = np.exp(rng.normal(1.5, 1.2, UNITS))
    design = np.column_stack([np.ones(SAMPLES), np.repeat([0.0, 1.0], SAMPLES // 2)])
    library = np.rint(rng.uniform(5e3, 2e4, SAMPLES))
    change = np.where(np.arange(UNITS) < 20, 1.2, 0.0)
    expected = library[:, None] / 1e4 * mean * np.exp2(design[:, 1:] * change)
    counts = rng.poisson(expected * rng.gamma(10, 0.1, expected.shape))
    counts = counts[:, counts.sum(axis=0) >= 8]
    fit = edgepython.glm_ql_fit(
        counts.T.astype(float).copy(), design=design, offset=np.log(library), dispersion=DISPERSION
    )
    table = edgepython.glm_ql_ftest(fit, contrast=np.array([0.0, 1.0]))["table"]
    columns = {
        "deviance": fit["deviance"],
        "coefficients": np.asarray(fit["unshrunk.coefficients"])[:, 1],
        "df": fit["df.residual.adj"],
        "log2_change": table["logFC"],
        "pvalue": table["PValue"],
    }
    reference = {
        "made_with": "edgepython 0.5.0",
        "dispersion": DISPERSION,
        "average_quasi_dispersion": float(fit["average.ql.dispersion"]),
        "library": library.tolist(),
        "design": design.tolist(),
        "counts": counts.tolist(),
        **{name: np.asarray(values, dtype=float).round(8).tolist() for name, values in columns.items()},
    }
    Path(__file__).with_name("edger_reference.json").write_text(json.dumps(reference) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
