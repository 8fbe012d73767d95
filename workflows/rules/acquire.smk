# Where cells come from: the embedded simulated study, or a study of the registry.


rule simulate:
    output:
        cells="resources/simulated/{dataset}.h5ad",
        truth="resources/simulated/{dataset}.truth.tsv",
    log:
        "logs/simulate/{dataset}.log",
    benchmark:
        "logs/simulate/{dataset}.benchmark.tsv"
    conda:
        "../environment.yaml"
    params:
        compartment=lambda wildcards: DATASETS[wildcards.dataset].compartment,
        options=flags(
            animals=RUN.simulate.animals, cells=RUN.simulate.cells, seed=RUN.seed
        ),
        code=code_digest("simulate"),
    shell:
        "dolor simulate {params.compartment} --dataset-id {wildcards.dataset} {params.options}"
        " --out {output.cells:q} --truth {output.truth:q} > {log:q} 2>&1"


rule read:
    input:
        raw_file,
    output:
        temp(f"{RESULTS}/{{dataset}}/raw.h5ad"),
    log:
        "logs/read/{dataset}.log",
    benchmark:
        "logs/read/{dataset}.benchmark.tsv"
    conda:
        "../environment.yaml"
    params:
        study=lambda wildcards: DATASETS[wildcards.dataset].study,
        code=code_digest("knowledge"),
        signatures=signature_digest("datasets.yaml"),
    shell:
        "dolor read {params.study:q} --path {input:q} --dataset-id {wildcards.dataset} --out {output:q} > {log:q} 2>&1"
