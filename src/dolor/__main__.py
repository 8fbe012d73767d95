"""``python -m dolor`` is ``dolor``."""

import os
import sys

# `-m` puts the working folder before everything else: a file `queue.py` that lies there would be run.
if not sys.flags.safe_path and sys.path[0] == os.getcwd() and not os.path.samefile(
    sys.path[0], os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
):  # fmt: skip
    del sys.path[0]

from dolor.cli import main  # noqa: E402

main()
