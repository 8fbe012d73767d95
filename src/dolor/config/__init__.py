"""The configuration of a run, typed."""

from dolor.config.load import check, load
from dolor.config.models import Config, Dataset
from dolor.config.reference import reference_levels

__all__ = ["Config", "Dataset", "check", "load", "reference_levels"]
