"""Preprocessing: quality control and sex."""

from dolor.pp.quality import quality
from dolor.pp.sex import call_sex, settle_sex

__all__ = ["call_sex", "quality", "settle_sex"]
