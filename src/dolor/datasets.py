"""The public studies that dolor knows by name: the face of the registry."""

from dolor.studies.fetch import fetch
from dolor.studies.own import add
from dolor.studies.read import read_study, study_file
from dolor.studies.registry import show, table, validate

__all__ = ["add", "fetch", "read_study", "show", "study_file", "table", "validate"]
