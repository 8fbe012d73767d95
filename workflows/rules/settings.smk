# The run's configuration, checked before any job starts, and the options that it gives to each stage.
import re
import shlex
import sys

import dolor.config
from dolor.config.digest import code_digest, signature_digest
from dolor.errors import DolorError

try:
    RUN = dolor.config.check(config, "the configuration")
except DolorError as error:
    sys.exit(f"dolor: {error}")

RESULTS = RUN.results
DATASETS = {dataset.id: dataset for dataset in RUN.datasets}


wildcard_constraints:
    dataset="|".join(map(re.escape, DATASETS)),


def flags(**options):
    """Write options as the command line takes them; empty ones are left to their defaults."""
    return " ".join(
        f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in options.items() if value != ""
    )


def reference(wildcards, key):
    """Give a reference level: the dataset's own, or that of the run."""
    own = DATASETS[wildcards.dataset].reference or RUN.contrast.reference
    return getattr(own, key)
