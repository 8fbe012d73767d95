"""Writing SVG elements so that no text of the data can become markup, and scales with readable ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

__all__ = ["Scale", "dots", "figure", "tag", "text"]


def tag(element: str, *children: Markup | str, **attributes: object) -> Markup:
    """Write an element; attribute names take ``_`` for ``-`` (and lose one at the end), values and text are escaped.

    Examples
    --------
    >>> print(tag("text", "a < b", text_anchor="end", class_="axis"))
    <text text-anchor="end" class="axis">a &lt; b</text>
    """
    parts = Markup("").join(
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _short(value))
        for name, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(element, parts, inside)


def text(x: float, y: float, content: str, *, anchor: str = "start", class_: str = "", **more: object) -> Markup:
    """Write a line of text."""
    return tag("text", content, x=x, y=y, text_anchor=anchor, class_=class_ or None, **more)


def figure(width: float, height: float, label: str, parts: Iterable[Markup], **attributes: object) -> Markup:
    """Write a whole figure with a sentence that says what it shows to those who cannot see it."""
    return tag(
        "svg", tag("title", label), *parts,
        width=width, viewBox=f"0 0 {_short(width)} {_short(height)}", role="img", aria_label=label, **attributes,
    )  # fmt: skip


def dots(x: NDArray[Any], y: NDArray[Any], radius: float, colour: str, step: float = 0.1) -> Markup:
    """Write many dots as one path: a twentieth of the size of circles.

    Parameters
    ----------
    x, y
        Where they lie on the page; what is missing is not drawn.
    radius, colour
        How they look.
    step
        They are placed on a grid so fine. Dots that would coincide are drawn once, and neighbours in a row as one
        stroke, which looks the same as long as the step is smaller than a dot.
    """
    known = np.isfinite(x) & np.isfinite(y)
    grid = np.unique(np.rint(np.column_stack([y[known], x[known]]) / step).astype(int), axis=0)
    begins = np.ones(len(grid), dtype=bool)
    begins[1:] = (np.diff(grid[:, 0]) != 0) | (np.diff(grid[:, 1]) > 1)
    ends = grid[np.append(begins[1:], True)[: len(grid)], 1]
    path, row, column = [], 0, 0
    for (next_row, start), end in zip(grid[begins].tolist(), ends.tolist(), strict=True):
        path.append(f"m{(start - column) * step:g} {(next_row - row) * step:g}h{(end - start) * step:g}")
        row, column = next_row, end
    return tag("path", d="".join(path), stroke=colour, stroke_width=2 * radius, stroke_linecap="round", fill="none")


@dataclass(frozen=True)
class Scale:
    """A linear map from data to the page, both ends included."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(
        cls, values: Iterable[float], start: float, end: float, *, least: float = 0.0, zero: bool = False
    ) -> Scale:
        """Make a scale that holds all finite values, at least so wide, with zero if asked."""
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(finite), max(finite)
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        if high - low < least:
            middle = (low + high) / 2
            low, high = middle - least / 2, middle + least / 2
        return cls(low, high, start, end)

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)

    def places(self, values: Iterable[float]) -> NDArray[np.float64]:
        """Return the places of many values."""
        span = self.high - self.low or 1.0
        return self.start + (np.asarray(values, dtype=float) - self.low) / span * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round numbers within the scale."""
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        step = 10 ** math.floor(math.log10(span / about))
        step *= min((1, 2, 5, 10), key=lambda factor: abs(span / (step * factor) - about))
        first = math.ceil(self.low / step - 1e-9) * step
        return [float(round(tick, 10)) for tick in np.arange(first, self.high + step * 1e-6, step)]


def axis_below(scale: Scale, y: float, name: str, top: float) -> Markup:
    """Write a horizontal axis at ``y`` with faint lines up to ``top``."""
    parts = [
        tag("line", x1=scale(tick), x2=scale(tick), y1=top, y2=y, class_="grid")
        + text(scale(tick), y + 14, f"{tick:g}", anchor="middle", class_="tick")
        for tick in scale.ticks()
    ]
    return Markup("").join([*parts, text((scale.start + scale.end) / 2, y + 30, name, anchor="middle", class_="axis")])


def axis_left(scale: Scale, x: float, name: str, right: float) -> Markup:
    """Write a vertical axis at ``x`` with faint lines to ``right``."""
    parts = [
        tag("line", x1=x, x2=right, y1=scale(tick), y2=scale(tick), class_="grid")
        + text(x - 6, scale(tick) + 4, f"{tick:g}", anchor="end", class_="tick")
        for tick in scale.ticks()
    ]
    middle = (scale.start + scale.end) / 2
    label = text(x - 40, middle, name, anchor="middle", class_="axis", transform=f"rotate(-90 {x - 40:g} {middle:g})")
    return Markup("").join([*parts, label])


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
