# What a person opens.


rule methods:
    input:
        expand(f"{RESULTS}/{{dataset}}/contrasts.parquet", dataset=list(DATASETS)),
    output:
        f"{RESULTS}/methods.md",
    log:
        "logs/methods.log",
    conda:
        "../environment.yaml"
    params:
        code=code_digest("report"),
    shell:
        "dolor methods {RESULTS:q} --out {output:q} > {log:q} 2>&1"


rule report:
    input:
        methods=f"{RESULTS}/methods.md",
        claims=f"{RESULTS}/claims.parquet",
        datasets=expand(
            f"{RESULTS}/{{dataset}}/{{file}}",
            dataset=list(DATASETS),
            file=[
                "cells.h5ad",
                "annotation.parquet",
                "annotation_evidence.parquet",
                "sex.parquet",
                "quality.json",
                "profiles.h5ad",
                "interactions.parquet",
                "contrasts.parquet",
                "composition.parquet",
            ],
        ),
    output:
        f"{RESULTS}/report.html",
    log:
        "logs/report.log",
    conda:
        "../environment.yaml"
    params:
        title=RUN.title,
        code=code_digest("report", "knowledge"),
    shell:
        "dolor report {RESULTS:q} --out {output:q} --title {params.title:q} > {log:q} 2>&1"
