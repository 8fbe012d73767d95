"""Every method of scoring keeps the contract of the registry."""

import numpy as np
import pytest

from dolor.scores.registry import METHODS
from dolor.scores.statistics import STATISTICS


@pytest.fixture(params=METHODS.values(), ids=lambda method: method.column)
def method(request):
    return request.param


def sides(names, seed=0):
    """Random statistics of 3 cell types and 40 pairs, those that must hang together made so."""
    random = np.random.default_rng(seed)
    found = []
    for shape in ((3, 1, 40), (1, 3, 40)):
        side = {name: random.random(shape) for name in STATISTICS}
        side["means"] = random.gamma(1.0, size=shape)
        side["means"][..., :3] = 0.0
        side["means_sums"] = np.broadcast_to(side["means"].sum(axis=(0, 1), keepdims=True), shape)
        side["trimean"] = side["means"]
        side["grand_max"] = np.full(shape, 20.0)
        side["logfc"], side["zscores"] = random.normal(size=(2, *shape))
        found.append({name: side[name] for name in names})
    return found


def test_the_registry_is_read_only_and_keyed_by_column():
    with pytest.raises(TypeError):
        METHODS["mine"] = None
    assert all(method.column == column for column, method in METHODS.items())
    assert len({method.name for method in METHODS.values()}) == len(METHODS)


def test_a_method_reads_what_it_declares_and_stays_within_its_bounds(method):
    assert set(method.needs) <= set(STATISTICS)
    assert method.limited_by in STATISTICS
    scores = method.function(*sides(method.needs))
    assert scores.shape == (3, 3, 40)
    assert np.isfinite(scores).all()
    assert (scores >= method.lower).all()
    assert (scores <= method.upper).all()
    assert method.function.__doc__


@pytest.mark.parametrize("column", ["lr_probs", "lrscore", "spec_weight"])
def test_where_nothing_is_expressed_a_share_is_zero(column):
    method = METHODS[column]
    nothing = [{name: np.zeros(shape) for name in method.needs} for shape in ((3, 1, 4), (1, 3, 4))]
    assert (method.function(*nothing) == 0).all()


def test_expression_of_cellchat_is_a_share_of_the_largest_value():
    side = {"trimean": np.array([[[0.2]]]), "grand_max": np.array([[[0.5]]])}
    assert METHODS["lr_probs"].function(side, side).item() == pytest.approx(0.4**2 / (0.5 + 0.4**2))


def test_a_method_rises_with_ligand_and_with_receptor(method):
    main = method.needs[0]
    for side in (0, 1):
        before, after = sides(method.needs), sides(method.needs)
        after[side][main] = after[side][main] + 0.1
        assert (method.function(*after) >= method.function(*before) - 1e-12).all()
