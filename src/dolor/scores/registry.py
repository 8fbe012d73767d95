"""All methods of scoring, by the column that they fill."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dolor.scores.method import Method
from dolor.scores.methods import (
    cellchat,
    cellphonedb,
    connectome,
    geometric_mean,
    log2fc,
    natmi_product,
    natmi_specificity,
    scseqcomm,
    singlecellsignalr,
)

__all__ = ["METHODS"]

_MODULES = (
    cellphonedb,
    natmi_product,
    geometric_mean,
    singlecellsignalr,
    cellchat,
    scseqcomm,
    natmi_specificity,
    connectome,
    log2fc,
)

METHODS: Mapping[str, Method] = MappingProxyType({module.METHOD.column: module.METHOD for module in _MODULES})
