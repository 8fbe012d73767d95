"""``python -m dolor`` is ``dolor``."""

# ruff: noqa: PTH100, PTH109, PTH120
# Without pathlib: the modules that it imports could be files of the working folder until that is off the path.
import os
import sys

# `-m` puts the working folder before everything else: a file `queue.py` that lies there would be run.
_PACKAGE = os.path.dirname(os.path.abspath(__file__))
if not sys.flags.safe_path and sys.path[0] == os.getcwd() != os.path.dirname(_PACKAGE):
    del sys.path[0]

from dolor.cli import main  # noqa: E402 - the path is settled first

main()
