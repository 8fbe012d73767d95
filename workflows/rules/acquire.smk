# Where cells come from: the embedded simulated study, a public study that is downloaded, or a file.


rule simulate:
    output:
        cells="resources/simulated/{dataset}.h5ad",
        truth="resources/simulated/{dataset}.truth.tsv",
    log:
        "logs/simulate/{dataset}.log",
    benchmark:
        "logs/simulate/{dataset}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("simulate"),
        runtime=runtime("simulate"),
    params:
        compartment=lambda wildcards: DATASETS[wildcards.dataset].compartment,
        options=flags(
            animals=RUN.simulate.animals, cells=RUN.simulate.cells, seed=RUN.seed
        ),
        code=code_version("simulate"),
    shell:
        "dolor simulate {params.compartment} --dataset-id {wildcards.dataset} {params.options}"
        " --out {output.cells:q} --truth {output.truth:q} > {log:q} 2>&1"


# Public data is kept outside of the results ($DOLOR_DATA, else data/), so that a run that is started anew or elsewhere
# finds it. What a broken download has brought stays there and is resumed.
rule fetch:
    output:
        "resources/fetched/{study}.json",
    log:
        "logs/fetch/{study}.log",
    retries: 2
    localrule: True
    conda:
        "../environment.yaml"
    params:
        entry=lambda wildcards: study_digest(wildcards.study),
    shell:
        "dolor datasets fetch {wildcards.study:q} --receipt {output:q} > {log:q} 2>&1"


rule read:
    input:
        raw_input,
    output:
        temp(f"{RESULTS}/{{dataset}}/raw.h5ad"),
    log:
        "logs/read/{dataset}.log",
    benchmark:
        "logs/read/{dataset}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=reading(memory_mb),
        runtime=reading(runtime_minutes),
    params:
        study=lambda wildcards: DATASETS[wildcards.dataset].study,
        path=lambda wildcards, input: raw_path(wildcards.dataset, str(input)),
        entry=lambda wildcards: entry_digest(wildcards.dataset),
        code=code_version("read"),
    shell:
        "dolor read {params.study:q} {params.path} --dataset-id {wildcards.dataset} --out {output:q} > {log:q} 2>&1"
