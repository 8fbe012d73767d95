"""The public studies that dolor knows by name: the face of the registry."""

from dolor.io.study import read_study, study_file
from dolor.knowledge.registry import show, table, validate

__all__ = ["read_study", "show", "study_file", "table", "validate"]
