"""The gene that stands for a ligand or receptor is the least subunit of its best alternative."""

from __future__ import annotations

import numpy as np
import pytest

from dolor.knowledge import gene_logic
from dolor.pseudobulk.expression import compile_units
from dolor.scores.interaction_index import slots_of
from dolor.scores.subunits import limiting_gene

GENES = list("ABCDEF")
LOGIC = ["A", "B+C", "C+B", "A|B", "D+E|F", "F|D+E", "A+B|C+D|E+F", "A+B+C|D", "B|C|D"]


class Numbers(dict):
    def __missing__(self, pair):
        self[pair] = len(self)
        return self[pair]


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_one_that_a_search_finds(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(4, 6))
    found = limiting_gene(values, slots_of(compile_units(LOGIC, GENES), Numbers()))
    for row, level in enumerate(values):
        of = dict(zip(GENES, level, strict=True))
        for unit, text in enumerate(LOGIC):
            least = [min(subunits, key=of.__getitem__) for subunits in gene_logic.parse(text)]
            assert GENES[found[row, unit]] == max(least, key=of.__getitem__), text
