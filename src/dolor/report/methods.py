"""The methods of a run as text for a paper, filled in from the side files of its results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dolor.core.errors import DataError
from dolor.io.provenance import versions

__all__ = ["blocks_of", "methods"]

_REVIEW = (
    "Jain A, Hakim S, Woolf CJ. Immune drivers of physiological and pathological pain. "
    "J Exp Med 2024; 221(5): e20221687. doi:10.1084/jem.20221687"
)


def methods(results: Path | str, datasets: Sequence[str] | None = None) -> str:
    """Write the methods of a run.

    Parameters
    ----------
    results
        Folder of the results; reads the side files of each dataset.
    datasets
        Names of the datasets of the run; default: all that the folder holds.

    Returns
    -------
    Markdown: one paragraph a stage with the parameters that the run used, then versions and citation.

    Raises
    ------
    dolor.core.errors.DataError
        The folder holds no contrasts.

    Examples
    --------
    >>> methods("results")  # doctest: +SKIP
    '# Methods...'
    """
    if datasets is None:
        datasets = [path.parent.name for path in Path(results).glob("*/contrasts.parquet")]
    folders = [Path(results) / name for name in sorted(datasets)]
    if not folders:
        raise DataError(f"{results}: holds no contrasts; let the run go further first")
    parts = ["# Methods\n"]
    for folder in folders:
        parts.append(f"## {folder.name}\n\n" + "\n\n".join(_paragraphs(folder)) + "\n")
    parts.append("## Versions\n\n" + ", ".join(f"{name} {number}" for name, number in versions().items()) + ".\n")
    parts.append(f"## Source of the catalog\n\n{_REVIEW}\n")
    return "\n".join(parts)


def _paragraphs(folder: Path) -> list[str]:
    quality, annotation, contrast = (
        _side(folder, name) for name in ("quality.json", "cells.h5ad", "contrasts.parquet")
    )
    return [
        _quality(quality["parameters"], quality["dropped"]),
        _annotation(annotation["parameters"], annotation["dropped"]),
        "Counts were summed for each sample and cell type. An interaction's score in a sample is the mean of the log2 "
        "expression of the ligand in the sender and of the receptor in the receiver; of a complex the scarcest subunit "
        "counts, of alternatives the sum. Specificity was tested against the exact moments of a permutation of cell "
        "labels within the sample.",
        _contrast(contrast["parameters"], contrast["dropped"]),
    ]


def _quality(options: dict[str, Any], dropped: dict[str, int]) -> str:
    reasons = ", ".join(f"{number} for {reason.replace('_', ' ')}" for reason, number in sorted(dropped.items()))
    source = "empty droplets" if options["empty"] else "the mixture of the cells"
    split = (
        "; libraries that pooled both sexes were split by the sex of their cells, those that could not be told left out"
        if options["split_pooled"]
        else ""
    )
    return (
        f"Cells with fewer than {options['min_genes']} detected genes, with counts more than {options['mads']:g} "
        "median absolute deviations below the medians both of their sample and of their coarse kind, or with a "
        f"mitochondrial share as many deviations above the median of their sample or beyond {options['max_mito']:.0%} "
        f"(nuclei: {options['max_mito_nuclei']:.0%}) were left out ({reasons}). Doublets were flagged sample by sample "
        f"(Scrublet's score joined with size, {options['doublet_rate']:.0%} expected) and kept. Ambient RNA was "
        f"estimated in each library from {source} and genes that most kinds of cell lack. Sex was called from Xist and "
        "Y-chromosome transcripts; samples whose call contradicts the report left the comparisons of the "
        f"sexes{split}."
    )


def _annotation(options: dict[str, Any], dropped: dict[str, int]) -> str:
    space = {
        "none": "principal components",
        "harmony": "principal components aligned between samples by Harmony",
        "scvi": "the latent space of scVI with samples as batches, within a class on components aligned by Harmony",
    }[options["integration"]]
    return (
        f"Cells were clustered (Leiden, resolution {options['resolution']:g}, on {space}) and "
        "each cluster was named by walking down the tree of populations that live in this tissue, as far as the "
        f"markers supported it at a confidence of {options['min_confidence']:g}; {dropped['unassigned_cells']} cells "
        f"stayed unassigned.{_transfer(options)}"
    )


def _transfer(options: dict[str, Any]) -> str:
    """Say what names were transferred beside those of the markers, if any were."""
    method = options.get("transfer", "none")
    if method == "none":
        return ""
    source = {
        "scanvi": f"scANVI from the labelled cells of {Path(options['reference']).name}"
        if options["reference"]
        else f"scANVI from cells that their markers named with a confidence of {options['seed_confidence']:g} or more",
        "celltypist": f"CellTypist with the model {Path(options['celltypist_model']).name}",
    }[method]
    return f" Beside these names, others were transferred by {source}, to compare them with; no result rests on them."


def _contrast(options: dict[str, Any], statuses: dict[str, int]) -> str:
    reference = options["reference"]
    counts = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    return (
        f"Conditions and sexes were compared over samples with the linear model {options['formula']} (reference: "
        f"{reference['condition']}, {reference['sex']}), weighted by the precision of each sample, with "
        "empirical-Bayes moderation of the variances and Benjamini-Hochberg adjustment within each comparison "
        f"({counts}). Comparisons with fewer than two samples in a group are described, not tested."
    )


def _side(folder: Path, name: str) -> dict[str, Any]:
    """Read the side file of a result."""
    path = folder / f"{name}.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as the side file of {name} ({error})") from error
    return content


def blocks_of(text: str) -> list[tuple[str, str]]:
    r"""Part the Markdown of the methods into headings and paragraphs; the title itself is left to the page.

    Examples
    --------
    >>> blocks_of("# Methods\n\n## toy\n\nCells were\ncounted.\n")
    [('heading', 'toy'), ('paragraph', 'Cells were counted.')]
    """
    blocks = [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]
    return [
        ("heading", block.lstrip("# ")) if block.startswith("##") else ("paragraph", block)
        for block in blocks
        if not block.startswith("# ")
    ]
