"""A small folder of results, made up from a seed: its numbers mean nothing, its columns are those of a true run."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from dolor.contrasts.meta import meta
from dolor.core.contracts import SAMPLE_FIELDS
from dolor.core.multiple_testing import benjamini_hochberg
from dolor.core.tables import CLAIMS, COMPOSITION, CONTRASTS, INTERACTIONS, SEX, check
from dolor.knowledge import catalog

HOSTILE = (
    "</script><script>document.title='broken'</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "naïve 🐭 'quoted' & \"double\"",
)
HOSTILE_CONDITIONS = {"naive": HOSTILE[0], "injured": HOSTILE[1]}
POPULATIONS = ("macrophage", "neutrophil", "nociceptor", "satellite_glia", "unassigned")
COMPARISONS: tuple[tuple[str, str, str, str], ...] = (
    ("condition", "injured", "naive", ""),
    ("condition_in_sex", "injured", "naive", "female"),
    ("condition_in_sex", "injured", "naive", "male"),
    ("sex", "female", "male", ""),
    ("sex_in_condition", "female", "male", "naive"),
    ("sex_in_condition", "female", "male", "injured"),
    ("interaction", "injured:female", "naive:male", ""),
)


def _samples(dataset_id: str, hostile: bool) -> pd.DataFrame:
    rows = [
        {"sample_id": f"{condition[:2]}{sex[0]}{number}", "condition": condition, "sex": sex}
        for condition, sex, number in itertools.product(("naive", "injured"), ("female", "male"), range(3))
    ]
    samples = pd.DataFrame(rows).assign(
        dataset_id=dataset_id, tissue="dorsal root ganglion", organism="mouse", suspension_type="cell", assay="toy"
    )
    samples["donor_id"] = samples["sample_id"] + "_donor"
    samples.loc[0, "sex"] = "unknown"
    if hostile:
        samples.loc[: len(HOSTILE) - 1, "sample_id"] = HOSTILE
        samples["tissue"] = HOSTILE[0]
        samples["assay"] = HOSTILE[2]
        samples["condition"] = samples["condition"].replace(HOSTILE_CONDITIONS)
    return samples


def _comparisons(hostile: bool) -> list[tuple[str, ...]]:
    if not hostile:
        return list(COMPARISONS)
    hostile_name = re.compile("|".join(HOSTILE_CONDITIONS))
    return [
        (kind, *(hostile_name.sub(lambda found: HOSTILE_CONDITIONS[found[0]], word) for word in words))
        for kind, *words in COMPARISONS
    ]


def _write_cells(folder: Path, samples: pd.DataFrame, names: tuple[str, ...], rng: np.random.Generator) -> None:
    import anndata

    n = 40 * len(samples)
    obs = samples.loc[np.arange(n) % len(samples)].reset_index(drop=True)[list(SAMPLE_FIELDS)]
    kind = rng.integers(len(names), size=n)
    obs["cell_lineage"] = obs["cell_class"] = "immune"
    obs["cell_type"] = np.array(names)[kind]
    obs["cell_type_confidence"] = rng.uniform(0.4, 1, n)
    obs["second_best"] = np.array(names)[(kind + 1) % len(names)]
    obs.index = [f"cell{number}" for number in range(n)]
    places = rng.normal(size=(n, 2)) + 6 * np.column_stack([np.cos(kind), np.sin(kind)])
    cells = anndata.AnnData(obs=obs, obsm={"X_umap": places.astype(np.float32)}, uns={"simulated": True})
    cells.write_h5ad(folder / "cells.h5ad")


def _write_profiles(
    folder: Path, samples: pd.DataFrame, names: tuple[str, ...], pairs: pd.DataFrame, rng: np.random.Generator
) -> None:
    import anndata
    from scipy import sparse

    from dolor.knowledge import gene_logic

    genes = sorted({g for side in ("ligand", "receptor") for text in pairs[side] for g in gene_logic.genes(text)})
    grid = list(itertools.product(range(len(samples)), names))
    obs = samples.loc[[sample for sample, _ in grid], list(SAMPLE_FIELDS)].reset_index(drop=True)
    obs["cell_type"] = [name for _, name in grid]
    obs["n_cells"], obs["n_counts"] = 8, 8000
    obs.index = [str(number) for number in range(len(obs))]
    shape = (len(obs), max(len(genes), 1))
    detection = sparse.csr_matrix(rng.uniform(size=shape))
    layers = dict.fromkeys(("psbulk_props", "lognorm_s1", "lognorm_s2", "lognorm_s3"), detection)
    var = pd.DataFrame(index=genes or ["Gene1"])
    profiles = anndata.AnnData(sparse.csr_matrix(rng.poisson(9, shape)), obs=obs, var=var, layers=layers)
    profiles.write_h5ad(folder / "profiles.h5ad")


def _contrasts(
    dataset_id: str,
    names: tuple[str, ...],
    comparisons: list[tuple[str, ...]],
    pairs: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    people = [name for name in names if name != "unassigned"]
    triples = list(itertools.product(comparisons, people, people, range(len(pairs))))
    chosen = pairs.iloc[[place for *_, place in triples]].reset_index(drop=True)
    n = len(triples)
    frame = pd.DataFrame(
        [(*comparison, sender, receiver) for comparison, sender, receiver, _ in triples],
        columns=["contrast_type", "case", "reference", "stratum", "sender", "receiver"],
    )
    for name in ("interaction_id", "ligand", "receptor"):
        frame[name] = chosen[name].astype(str)
    shape = (len(comparisons), len(people), len(people), len(pairs))
    # As in a run, what supplies a ligand is the sender's, whoever receives it.
    supply = np.broadcast_to(rng.normal(size=(2, *shape[:2], 1, shape[3])), (2, *shape)).reshape(2, n)
    effect, se = rng.normal(scale=1.2, size=n), 0.6 * np.exp(rng.normal(scale=0.3, size=n))
    frame = frame.assign(
        dataset_id=dataset_id, effect=effect, se=se, statistic=effect / se, df=8.0, n_case=6, n_reference=6,
        infiltration=supply[0], per_cell=supply[1], driver=rng.choice(["", "per_cell", "infiltration", "both"], n),
        pvalue=2 * special.stdtr(8.0, -np.abs(effect / se)), status="tested", reason="",
        flags=rng.choice(["", "ambient_suspect", "low_detection;few_cells"], n),
    )  # fmt: skip
    described = rng.uniform(size=n) < 0.1
    frame.loc[described, ["pvalue", "se", "statistic"]] = np.nan
    frame.loc[described, ["status", "reason"]] = ["described", "one sample in a group"]
    silent = (frame["sender"] == people[0]) & (frame["receiver"] == people[0])
    frame.loc[silent, ["effect", "pvalue"]] = np.nan
    frame.loc[silent, ["status", "reason"]] = ["untestable", "ligand not detected"]
    tests = frame["pvalue"].to_numpy().reshape(len(comparisons), len(people) ** 2, len(pairs))
    frame["qvalue"] = np.concatenate([benjamini_hochberg(one.ravel()) for one in tests])
    frame["changed_side"] = np.where(frame["qvalue"] < 0.05, "ligand", "none")
    frame = frame.assign(
        effect_ligand=frame["effect"], se_ligand=frame["se"], effect_receptor=0.0, se_receptor=0.3,
        present_ligand="present", present_receptor="present", reason_code="",
    )  # fmt: skip
    return check(frame, CONTRASTS)


def _interactions(contrasts: pd.DataFrame, samples: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    columns = ["dataset_id", "sender", "receiver", "interaction_id", "ligand", "receptor", "flags"]
    pairs = contrasts[columns].drop_duplicates(columns[:4])
    frame = pairs.merge(samples[["sample_id"]], how="cross")
    n = len(frame)
    frame = frame.assign(
        score=rng.uniform(0, 4, n), pvalue=rng.uniform(size=n), detect_ligand=0.3, detect_receptor=0.4,
        n_sender=8, n_receiver=8,
    )  # fmt: skip
    return check(frame, INTERACTIONS)


def _composition(
    dataset_id: str, names: tuple[str, ...], comparisons: list[tuple[str, ...]], rng: np.random.Generator
) -> pd.DataFrame:
    rows = [
        (dataset_id, *comparison, name, "tested", "", effect, 0.3, effect / 0.3, 8.0, 0.01, 0.02, 6, 6, 0.2, 0.1)
        for comparison in comparisons
        for name, effect in zip(names, rng.normal(size=len(names)), strict=True)
    ]
    columns = ["dataset_id", "contrast_type", "case", "reference", "stratum", "cell_type", "status", "reason",
               "effect", "se", "statistic", "df", "pvalue", "qvalue", "n_case", "n_reference", "mean_case",
               "mean_reference"]  # fmt: skip
    return check(pd.DataFrame(rows, columns=columns), COMPOSITION)


def _response(
    dataset_id: str, names: tuple[str, ...], comparisons: list[tuple[str, ...]], rng: np.random.Generator
) -> pd.DataFrame:
    rows = [
        (dataset_id, *comparison, name, programme, effect, 0.3, effect / 0.3, 8.0, 0.01, 0.02, 6, 6, "tested", "")
        for comparison in comparisons
        for programme in ("interferon", HOSTILE[1])
        for name, effect in zip(names, rng.normal(size=len(names)), strict=True)
        if name != "unassigned"
    ]
    columns = ["dataset_id", "contrast_type", "case", "reference", "stratum", "receiver", "programme", "effect", "se",
               "statistic", "df", "pvalue", "qvalue", "n_case", "n_reference", "status", "reason"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _sex(samples: pd.DataFrame) -> pd.DataFrame:
    calls = samples[["sample_id"]].assign(
        barcode="", reported=samples["sex"].replace("unknown", "male"), called=samples["sex"], confidence=0.98
    )
    calls.loc[0, "called"] = "female"
    calls.loc[1, "called"] = "mixed"
    return check(calls, SEX)


def _claims(dataset_id: str, hostile: bool) -> pd.DataFrame:
    ids = catalog.mediators()["id"].tolist()[:8]
    verdicts = itertools.cycle(["supports", "opposes", "silent", "untestable"])
    frame = pd.DataFrame({"claim_id": ids, "verdict": [verdict for _, verdict in zip(ids, verdicts, strict=False)]})
    return check(
        frame.assign(
            dataset_id=dataset_id, evidence=HOSTILE[0] if hostile else "rises after injury", reason="", effect=1.1,
            qvalue=0.01, sender="macrophage", receiver="nociceptor", contrast_type="condition", stratum="",
        ),
        CLAIMS,
    )  # fmt: skip


def _quality(samples: pd.DataFrame) -> dict[str, object]:
    counts = {"cells_before": 60, "cells_after": 40, "dropped": {"few_genes": 15, "high_mito": 5}}
    n = len(samples)
    return {
        "cells_before": 60 * n, "cells_after": 40 * n, "dropped": {"few_genes": 15 * n, "high_mito": 5 * n},
        "samples": dict.fromkeys(samples["sample_id"], counts), "parameters": {"min_genes": 50},
    }  # fmt: skip


def make_results(
    results: Path,
    *,
    datasets: tuple[str, ...] = ("toy_drg",),
    hostile: bool = False,
    n_pairs: int = 12,
    repeat: int = 1,
    populations: tuple[str, ...] = POPULATIONS,
) -> Path:
    """Write a folder of results: ``n_pairs`` pairs of the catalog, ``repeat`` times, between all populations."""
    rng = np.random.default_rng(7)
    names = (*HOSTILE, "unassigned") if hostile else populations
    pairs = _pairs(n_pairs, repeat, hostile)
    comparisons = _comparisons(hostile)
    every = []
    for folder_name in datasets:
        folder, dataset_id = results / folder_name, HOSTILE[0] if hostile else folder_name
        folder.mkdir()
        samples = _samples(dataset_id, hostile)
        contrasts = _contrasts(dataset_id, names, comparisons, pairs, rng)
        every.append(contrasts)
        _write_cells(folder, samples, names, rng)
        _write_profiles(folder, samples, names, pairs, rng)
        contrasts.to_parquet(folder / "contrasts.parquet")
        _interactions(contrasts, samples, rng).to_parquet(folder / "interactions.parquet")
        _composition(dataset_id, names, comparisons, rng).to_parquet(folder / "composition.parquet")
        _response(dataset_id, names, comparisons, rng).to_parquet(folder / "response.parquet")
        _sex(samples).to_parquet(folder / "sex.parquet")
        _evidence(names).to_parquet(folder / "annotation_evidence.parquet")
        (folder / "quality.json").write_text(json.dumps(_quality(samples)), encoding="utf-8")
        told = {"compartment": "drg", "note": HOSTILE[1]}
        side = {"result": "cells.h5ad", "stage": "annotate", "inputs": {HOSTILE[0]: "0" * 64},
                "parameters": told, "versions": {}, "dropped": {HOSTILE[3]: 1}}  # fmt: skip
        (folder / "cells.h5ad.json").write_text(json.dumps(side), encoding="utf-8")
    if len(datasets) > 1:
        meta(pd.concat(every)).to_parquet(results / "meta.parquet")
    _claims(HOSTILE[0] if hostile else datasets[0], hostile).to_parquet(results / "claims.parquet")
    (results / "methods.md").write_text(HOSTILE[0] if hostile else "Simulated.", encoding="utf-8")
    return results


def _pairs(n_pairs: int, repeat: int, hostile: bool) -> pd.DataFrame:
    """Take pairs of the catalog; ``repeat`` renames them to make many; a hostile pair bears its name in its id."""
    known = catalog.interactions("mouse").head(n_pairs)
    if hostile:
        known = known.assign(interaction_id=[HOSTILE[place % len(HOSTILE)] + str(place) for place in range(len(known))])
    copies = [
        known.assign(interaction_id=known["interaction_id"] + (f"#{number}" if number else ""))
        for number in range(repeat)
    ]
    return pd.concat(copies, ignore_index=True)


def _evidence(names: tuple[str, ...]) -> pd.DataFrame:
    rows = [
        (
            name,
            f"Gene{number}" if number else HOSTILE[1],
            "+" if number < 5 else "-",
            1.0 / (number + 1),
            0.9 - number / 10,
            50,
        )
        for name in names
        for number, gene in enumerate([HOSTILE[1], *(f"Gene{number}" for number in range(1, 7))])
    ]
    return pd.DataFrame(rows, columns=["cell_type", "gene", "expected", "mean_expression", "detection", "n_cells"])
