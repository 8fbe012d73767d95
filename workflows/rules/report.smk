# What a person opens.


rule methods:
    input:
        of_datasets(
            "contrasts.parquet",
            "quality.json.json",
            "cells.h5ad.json",
            "contrasts.parquet.json",
        ),
    output:
        report(
            f"{RESULTS}/methods.md",
            caption="../report/methods.rst",
            category="1 Report of the run",
        ),
    log:
        f"{RESULTS}/logs/methods.log",
    benchmark:
        f"{RESULTS}/logs/methods.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("methods"),
        runtime=runtime("methods"),
    params:
        results=subpath(output[0], parent=True),
        datasets=datasets_flag(),
        code=code_version("methods"),
    shell:
        "dolor --threads {threads} methods {params.results:q} {params.datasets} --out {output:q} > {log:q} 2>&1"


rule report:
    input:
        methods=f"{RESULTS}/methods.md",
        claims=f"{RESULTS}/claims.parquet",
        meta=META,
        datasets=of_datasets(*REPORTED),
        sides=[
            *of_datasets(*(f"{name}.json" for name in RECORDED)),
            *side_files(f"{RESULTS}/claims.parquet", *META),
        ],
        populations=own_populations,
    output:
        report(
            f"{RESULTS}/report.html",
            caption="../report/report.rst",
            category="1 Report of the run",
        ),
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/logs/report.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("report"),
        runtime=runtime("report"),
    params:
        results=subpath(output[0], parent=True),
        datasets=datasets_flag(),
        title=lambda wildcards: RUN.title,
        populations=populations_flag,
        code=code_version("report"),
    shell:
        "dolor --threads {threads} report {params.results:q} {params.datasets} --out {output:q} --title {params.title:q}"
        " {params.populations} > {log:q} 2>&1"
