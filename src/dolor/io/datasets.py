"""The public studies that dolor knows by name: the face of the registry."""

from dolor.io.fetch import fetch
from dolor.io.own_studies import add
from dolor.io.study import read_study, study_file
from dolor.knowledge.registry import show, table, validate

__all__ = ["add", "fetch", "read_study", "show", "study_file", "table", "validate"]
