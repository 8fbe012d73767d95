"""``python -m dolor`` is ``dolor``."""

from dolor.cli import main

main()
