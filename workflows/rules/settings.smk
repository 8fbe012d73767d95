# The run's configuration, checked before any job starts, and the options that it gives to each stage.
import re
import shlex
import sys
from pathlib import Path

import dolor.config
from dolor.config.code_version import code_version, signature_digest, study_digest
from dolor.core.errors import DolorError
from dolor.core.tables import RECORDED, REPORTED
from dolor.studies.files import is_offered
from dolor.io.read import is_h5ad
from dolor.studies.read import is_registered, study_file
from dolor.studies import registry
from dolor.workflow.paths import memory_mb, runtime_minutes, without_braces

try:
    # Read again by the reader of dolor, so that `010`, `no` and dates mean what they mean elsewhere.
    RUN = dolor.config.load_merged(
        workflow.configfiles, workflow.config_settings.config
    )
    REFERENCES = {
        dataset.id: dolor.config.reference_levels(dataset, RUN)
        for dataset in RUN.datasets
    }
except DolorError as error:
    sys.exit(f"dolor: {error}")

RESULTS = without_braces(RUN.results, folder=True)
DATASETS = {dataset.id: dataset for dataset in RUN.datasets}
# Datasets are combined within a compartment, where there are two of it.
COMBINABLE = len({dataset.compartment for dataset in RUN.datasets}) < len(DATASETS)
META = [f"{RESULTS}/meta.parquet"] if COMBINABLE else []


wildcard_constraints:
    dataset="|".join(map(re.escape, DATASETS)),
    study="[^/]+",


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


def side_files(*results):
    """Name the side files of results, which say what they were made from."""
    return [f"{result}.json" for result in results]


def of_datasets(*names):
    """Name files of every dataset of the configuration: no folder is searched for them."""
    return [f"{RESULTS}/{dataset}/{name}" for dataset in DATASETS for name in names]


def datasets_flag():
    """Name the datasets of the configuration for a command that joins them."""
    return " ".join(f"--dataset {dataset}" for dataset in DATASETS)


def own_pairs(wildcards):
    """Give the file of the user's own pairs, if there is one."""
    return without_braces(RUN.pairs.file) if RUN.pairs.file else []


def own_populations(wildcards):
    """Give the file of the user's own populations, if there is one."""
    return without_braces(RUN.annotate.signatures) if RUN.annotate.signatures else []


def pairs_flag(wildcards, input):
    """Name the file of own pairs as the command line takes it."""
    return flags(file=input.get("pairs", ""))


def populations_flag(wildcards, input):
    """Name the file of own populations as the command line takes it."""
    return flags(signatures=input.get("populations", ""))


def memory(stage):
    """Ask for the memory of a rule, from the size of its input; more at each attempt."""
    return lambda wildcards, input, attempt: memory_mb(stage, input.size_mb, attempt)


def runtime(stage):
    """Ask for the minutes of a rule, as its memory is asked for."""
    return lambda wildcards, input, attempt: runtime_minutes(
        stage, input.size_mb, attempt
    )


def reading(need):
    """Ask for what `read` needs: an h5ad file of one's own is copied a block of cells at a time, all else is held."""

    def asked(wildcards, input, attempt):
        own = not is_registered(DATASETS[wildcards.dataset].study)
        line = "read_stored" if own and is_h5ad(Path(str(input))) else "read"
        return need(line, input.size_mb, attempt)

    return asked


def is_downloaded(dataset):
    """Tell whether a dataset has to be fetched by name first."""
    return (
        not dataset.path
        and dataset.study != "simulated"
        and is_registered(dataset.study)
        and is_offered(registry.show(dataset.study))
    )


def raw_input(wildcards):
    """Give what a dataset is read from: simulated here, the receipt of its download, or the file that was named."""
    dataset = DATASETS[wildcards.dataset]
    if dataset.study == "simulated":
        return f"{RESULTS}/resources/simulated/{dataset.id}.h5ad"
    if is_downloaded(dataset):
        return f"{RESULTS}/resources/fetched/{dataset.study}.json"
    return without_braces(study_file(dataset.study, dataset.path))


def empty_droplets(wildcards):
    """Give the file of a dataset's empty droplets, if it has one."""
    empty = DATASETS[wildcards.dataset].empty
    return without_braces(empty) if empty else []


def transfer_files(wildcards):
    """Give the files that label transfer reads, where there is one."""
    return [without_braces(file) for file in _learned().values()]


def annotation_flags(wildcards, input):
    """Write the options of `annotate`; its files are named as the rule names them."""
    options = RUN.annotate.model_dump(exclude={"signatures", *_TRANSFER_FILES})
    learned = dict(zip(_learned(), input.get("learned", [])))
    return flags(**options, **learned, seed=RUN.seed)


_TRANSFER_FILES = ("reference", "label_map", "celltypist_model")


def _learned():
    named = {name: getattr(RUN.annotate, name) for name in _TRANSFER_FILES}
    return {
        name: file
        for name, file in named.items()
        if file and RUN.annotate.transfer != "none"
    }


def raw_path(name, found):
    """Name the file to read, unless the registry says where the study lies."""
    return "" if is_downloaded(DATASETS[name]) else f"--path {shlex.quote(found)}"


def entry_digest(name):
    """Return a digest of what the registry says of a dataset; empty for a file of one's own."""
    study = DATASETS[name].study
    return study_digest(study) if study != "simulated" and is_registered(study) else ""


def check_can_be_read(dataset):
    """Stop before any job where the registry knows too little of a study to read it by name."""
    named = dataset.study != "simulated" and is_registered(dataset.study)
    if named and not dataset.path and not registry.show(dataset.study).readable:
        sys.exit(
            f"dolor: dataset '{dataset.id}': the registry does not know enough of '{dataset.study}' to read it by name; "
            f"see  dolor datasets show {dataset.study}"
        )


for dataset in RUN.datasets:
    check_can_be_read(dataset)
