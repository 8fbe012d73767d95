"""The closed form against permutations, and what a null must be."""

from itertools import combinations

import anndata
import numpy as np
import pytest
from scipy import special, stats

from dolor.pseudobulk.expression import compile_units
from dolor.scores.cell_moments import between, population, within
from dolor.scores.gamma_tail import gamma_tail
from dolor.scores.interaction_index import meetings, slots_of
from dolor.scores.permutation import permutation_pvalues
from dolor.scores.specificity import specificity, upper_tail


class Numbers(dict):
    """Numbers pairs of genes as they are asked for."""

    def __missing__(self, pair):
        self[pair] = len(self)
        return self[pair]


def closed_form(x, label, ligands, receptors, genes):
    ligand, receptor = compile_units(ligands, genes), compile_units(receptors, genes)
    numbers = Numbers()
    left, right = slots_of(ligand, numbers), slots_of(receptor, numbers)
    meeting = meetings(left, right, numbers)
    a, b = np.array(list(numbers)).T
    cross = np.stack([(x[:, a] ** i * x[:, b] ** j).sum(axis=0) for i, j in ((1, 1), (2, 1), (1, 2))], axis=-1)
    cells = population(len(x), x.sum(axis=0), (x**2).sum(axis=0), (x**3).sum(axis=0), a, b, cross)
    n = np.bincount(label).astype(float)
    means = np.array([x[label == t].mean(axis=0) for t in range(len(n))])
    best = [
        np.maximum.reduceat(
            np.minimum.reduceat(means[:, units.subunits], units.alternative_starts, axis=1), units.unit_starts, axis=1
        )
        for units in (ligand, receptor)
    ]
    return specificity(best[0][:, None] + best[1][None], n, cells, left, right, meeting)


@pytest.fixture(scope="module")
def signal(reference_dir):
    """Expression of 100 genes in 3,137 simulated cells of 8 types, and pairs of every kind between them."""
    data = anndata.read_h5ad(reference_dir / "synthetic" / "signal.h5ad")
    x = data.X.toarray().astype(float)
    x = x[:, np.random.default_rng(5).permutation(np.flatnonzero((x > 0).mean(axis=0) > 0.03))[:100]]
    genes = [f"g{i}" for i in range(100)]
    pairs = [(genes[i], genes[i + 30]) for i in range(30)]
    pairs += [(f"{genes[60 + i]}+{genes[70 + i]}", genes[i]) for i in range(10)]
    pairs += [(genes[i], f"{genes[80 + i]}+{genes[90 + i]}+{genes[60 + i]}") for i in range(10)]
    pairs += [(genes[i], f"{genes[80 + i]}|{genes[90 + i]}+{genes[60 + i]}") for i in range(10)]
    label = data.obs["cell_type"].astype("category").cat.codes.to_numpy(dtype=int)
    return x, label, [pair[0] for pair in pairs], [pair[1] for pair in pairs], genes


@pytest.fixture(scope="module")
def both(signal):
    x, label, ligands, receptors, genes = signal
    units = compile_units(ligands, genes), compile_units(receptors, genes)
    return closed_form(*signal), permutation_pvalues(x, label, *units, permutations=2000, seed=1)


@pytest.mark.parametrize(
    "kind", [slice(0, 30), slice(30, 40), slice(40, 50), slice(50, 60)], ids=["pair", "dimer", "trimer", "either"]
)
def test_the_closed_form_agrees_with_permutations_for_pairs_and_complexes(both, kind):
    exact, permuted = (p[:, :, kind] for p in both)
    seen = (permuted > 10 / 2000) & (permuted < 1)
    error = np.abs(np.log10(exact[seen]) - np.log10(permuted[seen]))
    assert np.median(error) < 0.02
    assert np.quantile(error, 0.95) < 0.2
    assert np.abs(exact - permuted).mean() < 0.005


def test_autocrine_pairs_are_as_good(both):
    exact, permuted = (p[np.arange(8), np.arange(8)] for p in both)
    seen = (permuted > 10 / 2000) & (permuted < 1)
    error = np.abs(np.log10(exact[seen]) - np.log10(permuted[seen]))
    assert np.median(error) < 0.02
    assert np.quantile(error, 0.95) < 0.12


def summed(x, a, b):
    """Moments of a population of cells × genes, and of the pairs of genes a and b in it."""
    cross = np.stack([(x[:, a] ** i * x[:, b] ** j).sum(axis=0) for i, j in ((1, 1), (2, 1), (1, 2))], axis=-1)
    return population(len(x), *((x**power).sum(axis=0) for power in (1, 2, 3)), np.array(a), np.array(b), cross)


@pytest.mark.parametrize(("size", "n"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 3), (6, 2), (6, 6)])
def test_moments_of_a_group_mean_are_exact(size, n):
    x = np.array([0.0, 4.0, 1.0, 2.5, 0.0, 0.5])[:size, None]
    cells = summed(x, [0], [0])
    every = np.array([x[list(group)].mean() for group in combinations(range(size), n)])
    second, third = within(np.array([float(n)]), size)
    assert cells.m2[0] * second[0] == pytest.approx(every.var())
    assert cells.m3[0] * third[0] == pytest.approx(((every - every.mean()) ** 3).mean(), abs=1e-12)


@pytest.mark.parametrize(("size", "n"), [(2, 1), (3, 1), (3, 2), (5, 2), (5, 3)])
def test_moments_of_the_means_of_two_groups_are_exact(size, n):
    """One group has n cells, the other all the rest or one cell: its number does not matter."""
    x = np.random.default_rng(4).gamma(1.0, size=(size, 2))
    cells = summed(x, [0], [1])
    for others in {1, size - n}:
        every = np.array([
            (x[list(group), 0].mean(), x[list(other), 1].mean())
            for group in combinations(range(size), n)
            for other in combinations(sorted(set(range(size)) - set(group)), others)
        ]) - x.mean(axis=0)  # fmt: skip
        m11, m21 = between(np.array([float(n)]), size)
        assert cells.m11[0] * m11 == pytest.approx((every[:, 0] * every[:, 1]).mean())
        assert cells.m21[0] * m21[0] == pytest.approx((every[:, 0] ** 2 * every[:, 1]).mean(), abs=1e-12)


def test_a_gene_that_is_the_same_everywhere_has_no_variance_and_one_cell_no_other_group():
    assert summed(np.full((7, 1), 0.1), [0], [0]).m2.tolist() == [0.0]
    m11, m21 = between(np.array([1.0]), 1)
    assert (m11, m21.tolist()) == (0.0, [0.0])


def test_mixed_moments_of_two_groups_are_exact():
    random = np.random.default_rng(0)
    x = random.gamma(1.0, size=(6, 2))
    totals = []
    for i in range(6):
        for j in range(i):
            for k in set(range(6)) - {i, j}:
                totals.append(x[[i, j], 0].mean() + x[k, 1])
    label = np.array([0, 0, 1, 2, 2, 2])
    p = closed_form(x, label, ["a"], ["b"], ["a", "b"])[0, 1, 0]
    observed = x[:2, 0].mean() + x[2, 1]
    totals = np.array(totals) - np.mean(totals)
    law = upper_tail(observed - x[:, 0].mean() - x[:, 1].mean(), totals.var(), (totals**3).mean())
    assert p == pytest.approx(max(float(law), 1 / 60), rel=1e-9)


def test_pvalues_are_uniform_when_labels_mean_nothing(signal):
    x, label, ligands, receptors, genes = signal
    random = np.random.default_rng(2)
    x = x[:, (x > 0).mean(axis=0).argsort()]
    found = [closed_form(x, random.permutation(label), ligands, receptors, genes).ravel() for _ in range(20)]
    p = np.concatenate(found)
    assert 0.04 < (p < 0.05).mean() < 0.06
    assert stats.kstest(p, "uniform").statistic < 0.05


def test_pvalues_are_never_zero_and_one_where_nothing_is_expressed():
    x = np.zeros((40, 3))
    x[:20, 0] = x[20:, 1] = 9.0
    label = np.repeat([0, 1], 20)
    p = closed_form(x, label, ["a", "c"], ["b", "c"], ["a", "b", "c"])
    assert 0 < p[0, 1, 0] < 1e-8
    assert (p[:, :, 1] == 1).all()


def test_permutations_depend_on_the_seed_alone(signal):
    x, label, ligands, receptors, genes = signal
    units = compile_units(ligands[:3], genes), compile_units(receptors[:3], genes)
    one, again, other = (
        permutation_pvalues(x[:300], label[:300] % 3, *units, permutations=50, seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.min() >= 1 / 51


@pytest.mark.parametrize("skew", [-1.5, -1e-5, 0.0, 1e-5, 0.8, 2.0])
def test_the_tail_is_that_of_a_pearson_iii_law(skew):
    z = np.linspace(-3, 5, 50)
    assert np.allclose(upper_tail(z, 1.0, skew), stats.pearson3.sf(z, skew), atol=1e-7)


def test_gamma_tails_are_those_of_scipy():
    random = np.random.default_rng(7)
    shape = 10 ** random.uniform(-1, 5, 4000)
    x = np.maximum(shape + random.uniform(-4, 25, 4000) * np.sqrt(shape), 0)
    for upper, reference in ((True, special.gammaincc(shape, x)), (False, special.gammainc(shape, x))):
        tails = np.array([gamma_tail(a, b, upper) for a, b in zip(shape, x, strict=True)])
        seen = reference > 1e-290
        assert np.allclose(tails[seen], reference[seen], rtol=1e-8, atol=0)
        assert (tails[~seen] < 1e-280).all()


def test_the_gamma_tail_has_no_seams_where_the_expansion_takes_over():
    # Between 25 and 25 + 1e-9 the method changes, at 400 the number of terms.
    for seam in (25.0, 400.0):
        for z in (-3.0, -1e-9, 0.0, 0.5, 4.0):
            below, above = (gamma_tail(a, a + z * np.sqrt(a), True) for a in (seam * (1 - 1e-13), seam * (1 + 1e-13)))
            assert below == pytest.approx(above, rel=1e-9)
