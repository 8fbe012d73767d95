# Which signals reach whom: profiles by sample, scores, contrasts, and the review's statements held against them.


rule profiles:
    input:
        cells=f"{RESULTS}/{{dataset}}/cells.h5ad",
        pairs=own_pairs,
        populations=own_populations,
    output:
        profiles=f"{RESULTS}/{{dataset}}/profiles.h5ad",
        side=side_files(f"{RESULTS}/{{dataset}}/profiles.h5ad"),
    log:
        f"{RESULTS}/logs/profiles/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/profiles/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("profiles"),
        runtime=runtime("profiles"),
    params:
        options=flags(groupby=RUN.contrast.groupby, merge=RUN.pairs.merge),
        pairs=pairs_flag,
        populations=populations_flag,
        code=code_version("profiles"),
        signatures=signature_digest("mediators.tsv", "populations.yaml"),
    shell:
        "dolor --threads {threads} profiles {input.cells:q} --out {output.profiles:q}"
        " {params.pairs} {params.populations} {params.options} > {log:q} 2>&1"


rule score:
    input:
        profiles=f"{RESULTS}/{{dataset}}/profiles.h5ad",
        ambient=f"{RESULTS}/{{dataset}}/ambient.parquet",
        pairs=own_pairs,
    output:
        scores=f"{RESULTS}/{{dataset}}/interactions.parquet",
        evidence=f"{RESULTS}/{{dataset}}/ambient_evidence.parquet",
        side=side_files(
            f"{RESULTS}/{{dataset}}/interactions.parquet",
            f"{RESULTS}/{{dataset}}/ambient_evidence.parquet",
        ),
    log:
        f"{RESULTS}/logs/score/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/score/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("score"),
        runtime=runtime("score"),
    params:
        options=flags(merge=RUN.pairs.merge),
        pairs=pairs_flag,
        code=code_version("score"),
        signatures=signature_digest("mediators.tsv"),
    shell:
        "dolor --threads {threads} score {input.profiles:q} --ambient {input.ambient:q} --out {output.scores:q}"
        " --evidence {output.evidence:q} {params.pairs} {params.options} > {log:q} 2>&1"


rule contrast:
    input:
        profiles=f"{RESULTS}/{{dataset}}/profiles.h5ad",
        pairs=own_pairs,
        populations=own_populations,
    output:
        contrasts=f"{RESULTS}/{{dataset}}/contrasts.parquet",
        composition=f"{RESULTS}/{{dataset}}/composition.parquet",
        response=f"{RESULTS}/{{dataset}}/response.parquet",
        units=f"{RESULTS}/{{dataset}}/unit_changes.parquet",
        side=side_files(
            f"{RESULTS}/{{dataset}}/contrasts.parquet",
            f"{RESULTS}/{{dataset}}/composition.parquet",
            f"{RESULTS}/{{dataset}}/response.parquet",
            f"{RESULTS}/{{dataset}}/unit_changes.parquet",
        ),
    log:
        f"{RESULTS}/logs/contrast/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/contrast/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 4
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
            merge=RUN.pairs.merge,
        ),
        pairs=pairs_flag,
        populations=populations_flag,
        code=code_version("contrast"),
        signatures=signature_digest("mediators.tsv"),
    shell:
        "dolor --threads {threads} contrast {input.profiles:q} --out {output.contrasts:q} --composition {output.composition:q}"
        " --response {output.response:q} --units {output.units:q} {params.reference} {params.pairs} {params.populations} {params.options} > {log:q} 2>&1"


rule meta:
    input:
        contrasts=of_datasets("contrasts.parquet"),
        profiles=of_datasets("profiles.h5ad"),
    output:
        table=report(
            f"{RESULTS}/meta.parquet",
            caption="../report/meta.rst",
            category="2 Tables",
        ),
        side=side_files(f"{RESULTS}/meta.parquet"),
    log:
        f"{RESULTS}/logs/meta.log",
    benchmark:
        f"{RESULTS}/logs/meta.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("meta"),
        runtime=runtime("meta"),
    params:
        results=subpath(output.table, parent=True),
        datasets=datasets_flag(),
        code=code_version("meta"),
    shell:
        "dolor --threads {threads} meta {params.results:q} {params.datasets} --out {output.table:q} > {log:q} 2>&1"


rule claims:
    input:
        contrasts=of_datasets("contrasts.parquet"),
        units=of_datasets("unit_changes.parquet"),
        composition=of_datasets("composition.parquet"),
        profiles=of_datasets("profiles.h5ad"),
        populations=own_populations,
    output:
        table=report(
            f"{RESULTS}/claims.parquet",
            caption="../report/claims.rst",
            category="2 Tables",
        ),
        side=side_files(f"{RESULTS}/claims.parquet"),
    log:
        f"{RESULTS}/logs/claims.log",
    benchmark:
        f"{RESULTS}/logs/claims.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("claims"),
        runtime=runtime("claims"),
    params:
        results=subpath(output.table, parent=True),
        datasets=datasets_flag(),
        populations=populations_flag,
        code=code_version("claims"),
        signatures=signature_digest(
            "mediators.tsv", "readouts.tsv", "populations.yaml", "datasets.yaml"
        ),
    shell:
        "dolor --threads {threads} claims {params.results:q} {params.datasets} --out {output.table:q}"
        " {params.populations} > {log:q} 2>&1"
