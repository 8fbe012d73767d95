# What a person opens.


rule report:
    input:
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
