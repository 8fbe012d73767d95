"""Preprocessing: quality control, doublets, and sex."""

from dolor.pp.doublets import doublets
from dolor.pp.libraries import settle_sex, sex_report, split_pooled
from dolor.pp.quality import quality
from dolor.pp.sex import call_sex

__all__ = ["call_sex", "doublets", "quality", "settle_sex", "sex_report", "split_pooled"]
