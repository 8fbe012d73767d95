# Which signals reach whom: profiles by sample, scores, contrasts, and the review's statements held against them.


rule profiles:
    input:
        f"{RESULTS}/{{dataset}}/cells.h5ad",
    output:
        f"{RESULTS}/{{dataset}}/profiles.h5ad",
    log:
        "logs/profiles/{dataset}.log",
    benchmark:
        "logs/profiles/{dataset}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("profiles"),
        runtime=runtime("profiles"),
    params:
        options=flags(groupby=RUN.contrast.groupby, **RUN.pairs.model_dump()),
        code=code_version("profiles"),
        signatures=signature_digest("mediators.tsv", "populations.yaml"),
    shell:
        "dolor profiles {input:q} --out {output:q} {params.options} > {log:q} 2>&1"


rule score:
    input:
        profiles=f"{RESULTS}/{{dataset}}/profiles.h5ad",
        ambient=f"{RESULTS}/{{dataset}}/ambient.parquet",
    output:
        scores=f"{RESULTS}/{{dataset}}/interactions.parquet",
        evidence=f"{RESULTS}/{{dataset}}/ambient_evidence.parquet",
    log:
        "logs/score/{dataset}.log",
    benchmark:
        "logs/score/{dataset}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("score"),
        runtime=runtime("score"),
    params:
        options=flags(**RUN.pairs.model_dump()),
        code=code_version("score"),
        signatures=signature_digest("mediators.tsv"),
    shell:
        "dolor score {input.profiles:q} --ambient {input.ambient:q} --out {output.scores:q}"
        " --evidence {output.evidence:q} {params.options} > {log:q} 2>&1"


rule contrast:
    input:
        f"{RESULTS}/{{dataset}}/profiles.h5ad",
    output:
        contrasts=f"{RESULTS}/{{dataset}}/contrasts.parquet",
        composition=f"{RESULTS}/{{dataset}}/composition.parquet",
        response=f"{RESULTS}/{{dataset}}/response.parquet",
        units=f"{RESULTS}/{{dataset}}/unit_changes.parquet",
    log:
        "logs/contrast/{dataset}.log",
    benchmark:
        "logs/contrast/{dataset}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("contrast"),
        runtime=runtime("contrast"),
    params:
        reference=lambda wildcards: flags(
            reference_condition=REFERENCES[wildcards.dataset].condition,
            reference_sex=REFERENCES[wildcards.dataset].sex,
            order=DATASETS[wildcards.dataset].order,
        ),
        options=flags(
            formula=RUN.contrast.formula,
            relabelings=RUN.contrast.relabelings,
            **RUN.pairs.model_dump(),
        ),
        code=code_version("contrast"),
        signatures=signature_digest("mediators.tsv"),
    shell:
        "dolor contrast {input:q} --out {output.contrasts:q} --composition {output.composition:q}"
        " --response {output.response:q} --units {output.units:q} {params.reference} {params.options} > {log:q} 2>&1"


rule meta:
    input:
        contrasts=expand(
            f"{RESULTS}/{{dataset}}/contrasts.parquet", dataset=list(DATASETS)
        ),
        profiles=expand(f"{RESULTS}/{{dataset}}/profiles.h5ad", dataset=list(DATASETS)),
    output:
        report(
            f"{RESULTS}/meta.parquet",
            caption="../report/meta.rst",
            category="2 Tables",
        ),
    log:
        "logs/meta.log",
    benchmark:
        "logs/meta.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("meta"),
        runtime=runtime("meta"),
    params:
        results=subpath(output[0], parent=True),
        code=code_version("meta"),
    shell:
        "dolor meta {params.results:q} --out {output:q} > {log:q} 2>&1"


rule claims:
    input:
        contrasts=expand(
            f"{RESULTS}/{{dataset}}/contrasts.parquet", dataset=list(DATASETS)
        ),
        profiles=expand(f"{RESULTS}/{{dataset}}/profiles.h5ad", dataset=list(DATASETS)),
    output:
        report(
            f"{RESULTS}/claims.parquet",
            caption="../report/claims.rst",
            category="2 Tables",
        ),
    log:
        "logs/claims.log",
    benchmark:
        "logs/claims.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("claims"),
        runtime=runtime("claims"),
    params:
        results=subpath(output[0], parent=True),
        code=code_version("claims"),
        signatures=signature_digest(
            "mediators.tsv", "populations.yaml", "datasets.yaml"
        ),
    shell:
        "dolor claims {params.results:q} --out {output:q} > {log:q} 2>&1"
