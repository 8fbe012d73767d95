"""Colours of populations and directions: the same in every figure, and told apart without full colour sight.

Each lineage has a range of hues of its own; within it, populations differ in lightness too, so that neighbours stay
apart in grey. Colour never stands alone in a figure: shapes, signs or labels say the same.
"""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Iterable
from types import MappingProxyType

from dolor.contracts.vocabulary import UNASSIGNED

__all__ = ["DIRECTION", "PAIN_EFFECT", "SEX_MARKER", "VERDICT", "lineage_of", "population_colour", "population_colours"]

# Okabe and Ito's set, darkened where it would fail on white.
DIRECTION = MappingProxyType({"up": "#c4500c", "down": "#0a6ebd", "none": "#8a8f98"})
PAIN_EFFECT = MappingProxyType(
    {"pro": "#c4500c", "anti": "#0a6ebd", "dual": "#8e5aa8", "homeostatic": "#3f7f5f", "not_evaluated": "#7d828a"}
)
VERDICT = MappingProxyType({"supports": "#0b7a5a", "opposes": "#b3362b", "silent": "#7d828a", "untestable": "#a8862a"})
SEX_MARKER = MappingProxyType({"female": "o", "male": "s", "mixed": "D", "unknown": "X"})

# Start and end of the hue (degrees) of each lineage, and words by which its populations are known.
_HUES = MappingProxyType(
    {"neuron": (205, 255), "glia": (135, 175), "stroma": (42, 62), "immune": (285, 385), "blood": (0, 0)}
)
_LINEAGE_WORDS = MappingProxyType({
    "neuron": ("neuron", "nociceptor", "pruriceptor", "thermoreceptor", "ltmr", "proprioceptor"),
    "glia": ("glia", "schwann", "oligodendrocyte", "astrocyte", "ependymal"),
    "stroma": ("stroma", "fibroblast", "perineurial", "endothelial", "mural", "pericyte", "smooth_muscle",
               "keratinocyte", "adipocyte"),
    "immune": ("immune", "macrophage", "monocyte", "neutrophil", "dendritic", "cdc", "mature_dc", "mast_cell",
               "basophil", "eosinophil", "nk_cell", "t_cell", "ilc", "b_cell", "plasma_cell"),
    "blood": ("blood", "erythrocyte", "platelet"),
})  # fmt: skip
# Words that hold another lineage's word in them: microglia are no glia, endothelium of a blood barrier no blood.
_EXCEPTIONS = MappingProxyType({"microglia": "immune", "endothelial": "stroma"})
_GREY = "#8a8f98"


def lineage_of(population: str) -> str:
    """Return the lineage of a population by the words of its name, or empty text for a label that dolor does not know.

    Examples
    --------
    >>> lineage_of("activated_microglia"), lineage_of("c_ltmr"), lineage_of("cluster 7")
    ('immune', 'neuron', '')
    """
    for word, lineage in _EXCEPTIONS.items():
        if word in population:
            return lineage
    for lineage, words in _LINEAGE_WORDS.items():
        if any(word in population for word in words):
            return lineage
    return ""


def population_colour(population: str) -> str:
    """Return the colour of a population: a property of its name alone, so it is the same in every figure.

    Examples
    --------
    >>> population_colour("nociceptor") == population_colour("nociceptor")
    True
    """
    if population == UNASSIGNED:
        return _GREY
    lineage = lineage_of(population)
    number = zlib.crc32(population.encode())
    if lineage == "blood":
        return _GREY
    start, end = _HUES.get(lineage, (0, 360))
    return _hex(start + (end - start) * (number % 11) / 10, number // 11)


def population_colours(populations: Iterable[str]) -> dict[str, str]:
    """Return the colour of each population.

    Examples
    --------
    >>> sorted(population_colours(["macrophage", "unassigned"]))
    ['macrophage', 'unassigned']
    """
    return {name: population_colour(name) for name in populations}


def _hex(hue: float, number: int) -> str:
    lightness = 0.40 + 0.06 * (number % 4)
    saturation = 0.45 + 0.2 * (number // 4 % 2)
    red, green, blue = colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in (red, green, blue)))
