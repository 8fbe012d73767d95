"""The configuration of a run, typed."""

from dolor.config.load import check, load, load_merged, reference_levels
from dolor.config.models import Config, Dataset

__all__ = ["Config", "Dataset", "check", "load", "load_merged", "reference_levels"]
