"""A sketch of a large study: cells that stand for all, rare ones kept, and the way back from them to every cell.

Neighbours of a million cells are more than they are worth: clusters are learnt on a sketch, and each cell goes with the
sketched cells that it lies among.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["MOST_CELLS", "Sketch", "draw_sketch"]

# Up to so many cells all are looked at; of more, a sketch of half as many.
MOST_CELLS = 150_000
# Groups that the sketch is drawn from, of so many cells at least on average, and cells whose groups are learnt.
_GROUPS, _CELLS_A_GROUP, _LEARNT = 400, 25, 100_000
_NEAREST = 5

Embedding = NDArray[np.float32]
Cells = NDArray[np.intp]


@dataclass(frozen=True)
class Sketch:
    """Cells that stand for all.

    Attributes
    ----------
    cells
        Their numbers, ascending.
    nearest
        For every cell its nearest sketched cells (cells × neighbours, numbers within the sketch), itself alone for
        a cell of the sketch; -1 where there are fewer.
    """

    cells: Cells
    nearest: NDArray[np.int32]

    def labels(self, of_sketch: pd.Series) -> NDArray[np.object_]:
        """Give every cell the most frequent label of its nearest sketched cells, the nearest one's where they tie."""
        code, names = pd.factorize(of_sketch.to_numpy(), sort=True)
        around = np.where(self.nearest >= 0, code[self.nearest], -1)
        votes = np.stack([(around == around[:, [place]]).sum(axis=1) for place in range(around.shape[1])], axis=1)
        votes[around < 0] = 0
        return np.asarray(names[around[np.arange(len(around)), votes.argmax(axis=1)]], dtype=object)

    def places(self, of_sketch: Embedding) -> Embedding:
        """Give every cell the mean place of its nearest sketched cells."""
        known = self.nearest >= 0
        total = np.zeros((len(self.nearest), of_sketch.shape[1]), dtype=np.float32)
        for neighbour, there in zip(self.nearest.T, known.T, strict=True):
            total[there] += of_sketch[neighbour[there]]
        return np.asarray(total / known.sum(axis=1, dtype=np.float32)[:, None])


def draw_sketch(components: Embedding, size: int, seed: int) -> Sketch:
    """Draw cells so that sparse regions are kept whole and crowded ones are thinned.

    Cells are grouped by k-means; every group gives as many cells as any other, or all that it has. Each cell is then
    told by the nearest sketched cells of its group.

    Parameters
    ----------
    components
        Cells × components.
    size
        Cells wanted.
    seed
        Seed of the groups and of the draw.

    Returns
    -------
    The sketch.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> crowd_and_few = np.repeat([[0.0], [9.0]], [9900, 100], axis=0) + rng.normal(size=(10_000, 3))
    >>> sketch = draw_sketch(crowd_and_few.astype(np.float32), 1000, 0)
    >>> bool((sketch.cells >= 9900).sum() > 50)
    True
    """
    group = _groups(components, size, seed)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    quota = _quota(np.array([len(part) for part in members]), size)
    rng = np.random.default_rng(seed)
    drawn = [
        np.sort(rng.permutation(part)[:share]) if share < len(part) else part
        for part, share in zip(members, quota, strict=True)
    ]
    cells = np.sort(np.concatenate(drawn))
    nearest = np.full((len(group), _NEAREST), -1, dtype=np.int32)
    for part, chosen in zip(members, drawn, strict=True):
        if len(chosen):
            found = _nearest(components[chosen], components[part])
            nearest[part, : found.shape[1]] = np.searchsorted(cells, chosen)[found]
    nearest[cells] = -1
    nearest[cells, 0] = np.arange(len(cells))
    return Sketch(cells, nearest)


def _groups(components: Embedding, size: int, seed: int) -> Cells:
    from sklearn.cluster import MiniBatchKMeans

    learnt = components[:: -(-len(components) // _LEARNT)]
    number = max(1, min(_GROUPS, size // _CELLS_A_GROUP))
    model = MiniBatchKMeans(number, n_init=1, random_state=seed, batch_size=4096).fit(learnt)
    # Groups that no cell is nearest to are passed over.
    return np.unique(model.predict(components), return_inverse=True)[1]


def _quota(sizes: Cells, wanted: int) -> Cells:
    """Share out what is wanted: small groups give all, the others the same number each."""
    ascending = np.sort(sizes)
    # If groups up to the n-th give all, so much is left for each of the others.
    before = np.append(0, np.cumsum(ascending)[:-1])
    level = (wanted - before) // np.arange(len(sizes), 0, -1)
    fits = level <= ascending
    return np.minimum(sizes, max(int(level[fits][0]) if fits.any() else int(ascending[-1]), 1))


def _nearest(chosen: Embedding, cells: Embedding) -> Cells:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(_NEAREST, len(chosen)), algorithm="brute").fit(chosen)
    return np.asarray(search.kneighbors(cells, return_distance=False))
