"""One self-contained, interactive HTML file: what was found, and the evidence for it."""

from dolor.report.build import build
from dolor.report.methods import methods
from dolor.report.ranking import explain, top
from dolor.report.summary import summary

__all__ = ["build", "explain", "methods", "summary", "top"]
