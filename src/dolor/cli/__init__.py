"""The command line: ``dolor <stage>``. Every rule of the workflow is one such call."""

from dolor.cli.main import main

__all__ = ["main"]
