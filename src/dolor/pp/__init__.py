"""Preprocessing: quality control, doublets, ambient RNA, sex, and integration."""

from dolor.pp.ambient import Ambient, ambient
from dolor.pp.ambient_evidence import ambient_evidence, profile_evidence
from dolor.pp.doublets import doublets
from dolor.pp.heterotypic_doublets import partners
from dolor.pp.integrate import integrate
from dolor.pp.integration_metrics import integration_quality
from dolor.pp.pipeline import Controlled, quality_control
from dolor.pp.quality import dropped_kinds, quality, quality_by_kind
from dolor.pp.sex import call_sex
from dolor.pp.sex_demultiplex import settle_sex, sex_report, split_pooled

__all__ = [
    "Ambient",
    "Controlled",
    "ambient",
    "ambient_evidence",
    "call_sex",
    "doublets",
    "dropped_kinds",
    "integrate",
    "integration_quality",
    "partners",
    "profile_evidence",
    "quality",
    "quality_by_kind",
    "quality_control",
    "settle_sex",
    "sex_report",
    "split_pooled",
]
