"""Preprocessing: quality control, doublets, ambient RNA, sex, and integration."""

from dolor.pp.ambient import Ambient, ambient
from dolor.pp.doublets import doublets
from dolor.pp.integrate import integrate
from dolor.pp.kinds import dropped_kinds, quality_by_kind
from dolor.pp.leaked import ambient_evidence, profile_evidence
from dolor.pp.libraries import settle_sex, sex_report, split_pooled
from dolor.pp.mixing import integration_quality
from dolor.pp.partners import partners
from dolor.pp.quality import quality
from dolor.pp.sex import call_sex

__all__ = [
    "Ambient",
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
    "settle_sex",
    "sex_report",
    "split_pooled",
]
