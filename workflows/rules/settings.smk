# The run's configuration, checked before any job starts, and the options that it gives to each stage.
import re
import shlex
import sys
from pathlib import Path

import dolor.config
from dolor.config.digest import code_digest, signature_digest
from dolor.errors import DolorError
from dolor.io.study import study_file

try:
    # A table of datasets may lie beside the configuration that names it.
    named = [Path(file).parent for file in workflow.configfiles]
    RUN = dolor.config.check(config, "the configuration", *named[-1:])
    REFERENCES = {
        dataset.id: dolor.config.reference_levels(dataset, RUN)
        for dataset in RUN.datasets
    }
except DolorError as error:
    sys.exit(f"dolor: {error}")

RESULTS = RUN.results
DATASETS = {dataset.id: dataset for dataset in RUN.datasets}
# Datasets are combined within a compartment, where there are two of it.
COMBINABLE = len({dataset.compartment for dataset in RUN.datasets}) < len(DATASETS)


wildcard_constraints:
    dataset="|".join(map(re.escape, DATASETS)),


def flags(**options):
    """Write options as the command line takes them; empty ones are left to their defaults."""
    words = []
    for name, value in options.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif value != "":
            words.append(f"--{option} {shlex.quote(str(value))}")
    return " ".join(words)


def raw_file(wildcards):
    """Give the file of a dataset: simulated here, or where the configuration or the registry says."""
    dataset = DATASETS[wildcards.dataset]
    if dataset.study == "simulated":
        return f"resources/simulated/{dataset.id}.h5ad"
    return str(study_file(dataset.study, dataset.path))


def empty_droplets(wildcards):
    """Give the file of a dataset's empty droplets, if it has one."""
    return DATASETS[wildcards.dataset].empty or []
