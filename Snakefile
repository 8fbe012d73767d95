# dolor: from public datasets to neuroimmune interactions by condition and sex.
#
#   snakemake --cores 4                                        the embedded, simulated study
#   snakemake --cores 4 --configfile config/my_study.yaml      your own
#
# Every rule is one call of the command line that you could type yourself; `dolor --help` lists them.
import os

from snakemake.utils import min_version

min_version("9.19")

# Jobs, those on a cluster too, import no module of the working folder.
os.environ["PYTHONSAFEPATH"] = "1"


envvars:
    "PYTHONSAFEPATH",


# Only where no other configuration was named: Snakemake would merge the two, and the demo's choices would leak in.
if "datasets" not in config:

    configfile: "config/config.yaml"


# What opens `snakemake --report`; its captions are in the same folder.
report: "workflows/report/workflow.rst"


include: "workflows/rules/settings.smk"
include: "workflows/rules/acquire.smk"
include: "workflows/rules/cells.smk"
include: "workflows/rules/contrasts.smk"
include: "workflows/rules/report.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        f"{RESULTS}/report.html",
        [
            f"{RESULTS}/{name}/evaluation.json"
            for name, dataset in DATASETS.items()
            if dataset.labels
        ],


# Named targets, to stop halfway: snakemake annotated, snakemake contrasted.
rule annotated:
    input:
        of_datasets("cells.h5ad"),


rule contrasted:
    input:
        of_datasets("contrasts.parquet"),
