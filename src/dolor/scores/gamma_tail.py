"""Both tails of the gamma law, compiled: what a million p-values cost is the cost of this function.

``scipy.special.gammaincc`` takes more than twice as long here, where nearly all shapes are large and Temme's expansion
needs a few terms only, and a quarter of a second to import. The tests hold this one to it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dolor.core.compiled import compiled

__all__ = ["gamma_tail"]

Floats = NDArray[np.float64]

# From the first shape on, and for |η| up to 1, six rows of coefficients are exact to 1e-11; from the second on, three.
_LARGE, _HUGE = 25.0, 400.0
_ROWS, _FEW_ROWS = 6, 3
# The series in η converge up to 3.5; so many terms are exact to 1e-10 at |η|.
_TERMS, _TERMS_PER_ETA = 7, 12


def _temme_coefficients() -> Floats:
    """Power series in η of the functions c_k of Temme's expansion, one row a k (DLMF 8.12.9 to 8.12.12).

    With η²/2 = μ - log(1 + μ), the series of μ follows from μ μ' = η (1 + μ), that of 1/μ - 1/η = c_0 from it, and
    c_k is the regular part of c_{k-1}' / η plus a multiple of 1/μ that cancels the pole.
    """
    length = _TERMS + _TERMS_PER_ETA + 2 * _ROWS
    mu = np.zeros(length + 2)
    mu[1] = 1.0
    for n in range(2, length + 2):
        inner = sum(mu[i] * (n + 1 - i) * mu[n + 1 - i] for i in range(2, n))
        mu[n] = (mu[n - 1] - inner) / (n + 1)
    inverse = np.zeros(length + 1)
    inverse[0] = 1.0
    for n in range(1, length + 1):
        inverse[n] = -sum(mu[i + 1] * inverse[n - i] for i in range(1, n + 1))
    regular = inverse[1:]
    rows, row = np.zeros((_ROWS, _TERMS + _TERMS_PER_ETA)), regular
    for k in range(_ROWS):
        rows[k] = row[: rows.shape[1]]
        row = np.arange(2, len(row)) * row[2:] - row[1] * regular[: len(row) - 2]
    return rows


_COEFFICIENTS = _temme_coefficients()


@compiled
def gamma_tail(shape: float, x: float, upper: bool) -> float:
    """Return the probability that a gamma variable of this shape and scale 1 exceeds x, or that it does not."""
    if x <= 0:
        return 1.0 if upper else 0.0
    if shape >= _LARGE:
        mu = (x - shape) / shape
        eta = math.copysign(math.sqrt(max(2 * (mu - math.log1p(mu)), 0.0)), mu)
        if abs(eta) <= 1:
            return _uniform(shape, eta, upper)
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        lower = scale * _series(shape, x)
        return 1 - lower if upper else lower
    tail = scale * _fraction(shape, x)
    return tail if upper else 1 - tail


@compiled
def _uniform(shape: float, eta: float, upper: bool) -> float:
    """Temme's expansion for large shapes."""
    rows = _FEW_ROWS if shape > _HUGE else _ROWS
    terms = _TERMS + int(_TERMS_PER_ETA * abs(eta))
    total = 0.0
    for k in range(rows - 1, -1, -1):
        value = 0.0
        for n in range(terms - 1, -1, -1):
            value = value * eta + _COEFFICIENTS[k, n]
        total = total / shape + value
    rest = math.exp(-shape * eta * eta / 2) / math.sqrt(2 * math.pi * shape) * total
    place = eta * math.sqrt(shape / 2)
    return 0.5 * math.erfc(place) + rest if upper else 0.5 * math.erfc(-place) - rest


@compiled
def _series(shape: float, x: float) -> float:
    """Power series of the lower tail."""
    term = total = 1 / shape
    while term > 1e-16 * total:
        shape += 1
        term *= x / shape
        total += term
    return total


@compiled
def _fraction(shape: float, x: float) -> float:
    """Continued fraction of the upper tail, by Lentz's method."""
    b = x + 1 - shape
    c, d = 1e300, 1 / b
    value = d
    for k in range(1, 10_000):
        a = -k * (k - shape)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
