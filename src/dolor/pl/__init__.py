"""Figures for papers: one function a figure, each returning the Axes or the Figure that it drew on.

All share one theme (:func:`theme`): sizes in millimetres, text that stays text in SVG and PDF, and the colours of
:mod:`dolor.pl.theme`, so that a population has one colour everywhere. As in scanpy, a figure shows in a notebook
(``show=False``: not), is written with ``save="figure.pdf"``, and is drawn on axes of yours with ``ax=``.
"""

from dolor.pl.chord import chord
from dolor.pl.composition import composition
from dolor.pl.confusion import confusion
from dolor.pl.dotplot import dotplot
from dolor.pl.drivers import drivers
from dolor.pl.example import example_contrasts
from dolor.pl.forest import forest
from dolor.pl.heatmap import heatmap
from dolor.pl.markers import markers
from dolor.pl.network import network
from dolor.pl.pain_axis import pain_axis
from dolor.pl.select import Comparison
from dolor.pl.sex import sex_calls, sex_scatter
from dolor.pl.theme import new_axes, theme
from dolor.pl.volcano import volcano

__all__ = [
    "Comparison", "chord", "composition", "confusion", "dotplot", "drivers", "example_contrasts", "forest", "heatmap",
    "markers", "network", "new_axes", "pain_axis", "sex_calls", "sex_scatter", "theme", "volcano",
]  # fmt: skip
