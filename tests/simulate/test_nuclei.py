from __future__ import annotations

import numpy as np
import pytest

import dolor as dl


@pytest.fixture(scope="module")
def pair():
    sizes = {"seed": 8, "n_animals": 1, "cells_per_sample": 150}
    return [dl.simulate.study("drg", suspension_type=kind, **sizes).cells for kind in ("cell", "nucleus")]


def share(cells, prefix):
    counts = cells.layers["counts"]
    return counts[:, cells.var_names.str.startswith(prefix)].sum() / counts.sum()


def test_nuclei_are_smaller_and_say_what_they_are(pair):
    depth = [np.median(np.asarray(cells.layers["counts"].sum(axis=1))) for cells in pair]
    assert 0.3 < depth[1] / depth[0] < 0.7
    assert set(pair[1].obs["suspension_type"]) == {"nucleus"}


def test_nuclei_hold_few_mitochondrial_transcripts_and_much_that_stays_inside(pair):
    assert share(pair[1], "mt-") < 0.3 * share(pair[0], "mt-")
    assert share(pair[1], "Malat1") > 3 * share(pair[0], "Malat1")
    assert share(pair[1], "Xist") > 2 * share(pair[0], "Xist")
