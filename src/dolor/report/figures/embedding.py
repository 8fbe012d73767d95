"""The map of cells: cells with similar transcripts lie close together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from dolor.pl.theme import population_colour
from dolor.report import wording
from dolor.report.figures.svg import Scale, dots, figure, text

__all__ = ["embedding_figure", "even_subset"]

_WIDTH, _HEIGHT = 640, 460
_MOST_CELLS = 1500


def even_subset(n: int, most: int) -> NDArray[np.intp]:
    """Choose at most so many of ``n`` rows, evenly spread: the same rows each time.

    Examples
    --------
    >>> even_subset(10, 5).tolist()
    [0, 2, 4, 6, 9]
    """
    return np.arange(n) if n <= most else np.linspace(0, n - 1, most).astype(np.intp)


def embedding_figure(embedding: NDArray[np.float32], cell_types: pd.Series) -> Markup:
    """Draw some of the cells, coloured and labelled by population.

    Parameters
    ----------
    embedding
        Cells × 2.
    cell_types
        Population of each cell.
    """
    chosen = even_subset(len(embedding), _MOST_CELLS)
    x = Scale.around(embedding[:, 0].tolist(), 12, _WIDTH - 12, least=1)
    y = Scale.around(embedding[:, 1].tolist(), _HEIGHT - 12, 12, least=1)
    names = cell_types.to_numpy()[chosen]
    parts, labels = [], []
    for name in sorted(set(names)):
        its = embedding[chosen[names == name]]
        parts.append(dots(x.places(its[:, 0]), y.places(its[:, 1]), 1.6, population_colour(str(name))))
        middle = np.median(its, axis=0)
        labels.append((float(x(middle[0])), float(y(middle[1])), wording.population(str(name)), len(its)))
    parts += [text(a, b, name, anchor="middle", class_="halo") for a, b, name in _without_overlap(labels)]
    return figure(_WIDTH, _HEIGHT, f"Map of {len(cell_types):,} cells by population", parts, class_="embedding")


def _without_overlap(labels: list[tuple[float, float, str, int]]) -> list[tuple[float, float, str]]:
    """Keep the labels of the larger populations where two would lie upon each other."""
    placed: list[tuple[float, float, str]] = []
    for x, y, name, _ in sorted(labels, key=lambda label: -label[3]):
        half = 4.0 * len(name)
        if all(abs(y - b) > 13 or abs(x - a) > half + 4.0 * len(other) for a, b, other in placed):
            placed.append((min(max(x, half), _WIDTH - half), y, name))
    return placed
