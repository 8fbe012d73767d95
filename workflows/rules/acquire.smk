# Where cells come from: the embedded simulated study, a public study that is downloaded, or a file.


rule simulate:
    output:
        cells=f"{RESULTS}/resources/simulated/{{dataset}}.h5ad",
        truth=f"{RESULTS}/resources/simulated/{{dataset}}.truth.tsv",
        side=side_files(f"{RESULTS}/resources/simulated/{{dataset}}.h5ad"),
    log:
        f"{RESULTS}/logs/simulate/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/simulate/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
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
        "dolor --threads {threads} simulate {params.compartment} --dataset-id {wildcards.dataset} {params.options}"
        " --out {output.cells:q} --truth {output.truth:q} > {log:q} 2>&1"


# Public data is kept outside of the results ($DOLOR_DATA, else data/), so that a run that is started anew or elsewhere
# finds it. What a broken download has brought stays there and is resumed.
rule fetch:
    output:
        f"{RESULTS}/resources/fetched/{{study}}.json",
    log:
        f"{RESULTS}/logs/fetch/{{study}}.log",
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
        cells=temp(f"{RESULTS}/{{dataset}}/raw.h5ad"),
        side=side_files(f"{RESULTS}/{{dataset}}/raw.h5ad"),
    log:
        f"{RESULTS}/logs/read/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/read/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=reading(memory_mb),
        runtime=reading(runtime_minutes),
    params:
        study=lambda wildcards: DATASETS[wildcards.dataset].study,
        path=lambda wildcards, input: raw_path(wildcards.dataset, str(input)),
        entry=lambda wildcards: entry_digest(wildcards.dataset),
        code=code_version("read"),
    shell:
        "dolor --threads {threads} read {params.study:q} {params.path} --dataset-id {wildcards.dataset} --out {output.cells:q} > {log:q} 2>&1"
