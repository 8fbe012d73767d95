"""Figures for papers: one function a figure, each returning the Axes or the Figure that it drew on.

All share one theme (:func:`theme`): sizes in millimetres, text that stays text in SVG and PDF, and the colours of
:mod:`dolor.pl.palette`, so that a population has one colour everywhere. Nothing is shown or saved: call
``ax.figure.savefig`` within ``with dl.pl.theme():``.
"""

from dolor.pl.composition import composition
from dolor.pl.dotplot import dotplot
from dolor.pl.drivers import drivers
from dolor.pl.heatmap import heatmap
from dolor.pl.sex_scatter import sex_scatter
from dolor.pl.theme import new_axes, theme
from dolor.pl.volcano import volcano

__all__ = ["composition", "dotplot", "drivers", "heatmap", "new_axes", "sex_scatter", "theme", "volcano"]
