"""Preprocessing: quality control, doublets, and sex."""

from dolor.pp.doublets import doublets
from dolor.pp.quality import quality
from dolor.pp.sex import call_sex, settle_sex

__all__ = ["call_sex", "doublets", "quality", "settle_sex"]
