# What a person opens.


rule methods:
    input:
        expand(f"{RESULTS}/{{dataset}}/contrasts.parquet", dataset=list(DATASETS)),
    output:
        report(
            f"{RESULTS}/methods.md",
            caption="../report/methods.rst",
            category="1 Report of the run",
        ),
    log:
        "logs/methods.log",
    benchmark:
        "logs/methods.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("methods"),
        runtime=runtime("methods"),
    params:
        results=subpath(output[0], parent=True),
        code=code_version("methods"),
    shell:
        "dolor methods {params.results:q} --out {output:q} > {log:q} 2>&1"


rule report:
    input:
        methods=f"{RESULTS}/methods.md",
        claims=f"{RESULTS}/claims.parquet",
        meta=[f"{RESULTS}/meta.parquet"] if COMBINABLE else [],
        datasets=expand(
            f"{RESULTS}/{{dataset}}/{{file}}",
            dataset=list(DATASETS),
            file=[
                "cells.h5ad",
                "annotation.parquet",
                "annotation_evidence.parquet",
                "annotation_quality.json",
                "sex.parquet",
                "quality.json",
                "profiles.h5ad",
                "interactions.parquet",
                "contrasts.parquet",
                "composition.parquet",
            ],
        ),
    output:
        report(
            f"{RESULTS}/report.html",
            caption="../report/report.rst",
            category="1 Report of the run",
        ),
    log:
        "logs/report.log",
    benchmark:
        "logs/report.benchmark.jsonl"
    conda:
        "../environment.yaml"
    resources:
        mem_mb=memory("report"),
        runtime=runtime("report"),
    params:
        results=subpath(output[0], parent=True),
        title=RUN.title,
        code=code_version("report"),
    shell:
        "dolor report {params.results:q} --out {output:q} --title {params.title:q} > {log:q} 2>&1"
