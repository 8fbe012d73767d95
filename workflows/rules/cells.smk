# Who is who: cells that can be trusted, their sex, their names.


rule quality:
    input:
        cells=f"{RESULTS}/{{dataset}}/raw.h5ad",
        empty=empty_droplets,
    output:
        cells=temp(f"{RESULTS}/{{dataset}}/kept.h5ad"),
        dropped=temp(f"{RESULTS}/{{dataset}}/dropped.h5ad"),
        summary=f"{RESULTS}/{{dataset}}/quality.json",
        sex=f"{RESULTS}/{{dataset}}/sex.parquet",
        ambient=f"{RESULTS}/{{dataset}}/ambient.parquet",
        side=side_files(
            f"{RESULTS}/{{dataset}}/kept.h5ad",
            f"{RESULTS}/{{dataset}}/quality.json",
            f"{RESULTS}/{{dataset}}/sex.parquet",
            f"{RESULTS}/{{dataset}}/ambient.parquet",
        ),
    log:
        f"{RESULTS}/logs/quality/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/quality/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("quality"),
        runtime=runtime("quality"),
    params:
        options=flags(**RUN.quality.model_dump(), seed=RUN.seed),
        empty=lambda wildcards, input: flags(empty=input.get("empty", "")),
        code=code_version("quality"),
    shell:
        "dolor --threads {threads} quality {input.cells:q} --out {output.cells:q} --dropped {output.dropped:q}"
        " --summary {output.summary:q} --sex {output.sex:q} --ambient {output.ambient:q}"
        " {params.empty} {params.options} > {log:q} 2>&1"


rule annotate:
    input:
        cells=f"{RESULTS}/{{dataset}}/kept.h5ad",
        dropped=f"{RESULTS}/{{dataset}}/dropped.h5ad",
        # What label transfer learns from, so that another file of that name is another run.
        learned=transfer_files,
        populations=own_populations,
    output:
        cells=f"{RESULTS}/{{dataset}}/cells.h5ad",
        annotation=f"{RESULTS}/{{dataset}}/annotation.parquet",
        evidence=f"{RESULTS}/{{dataset}}/annotation_evidence.parquet",
        summary=f"{RESULTS}/{{dataset}}/annotation_quality.json",
        side=side_files(
            f"{RESULTS}/{{dataset}}/cells.h5ad",
            f"{RESULTS}/{{dataset}}/annotation.parquet",
            f"{RESULTS}/{{dataset}}/annotation_evidence.parquet",
            f"{RESULTS}/{{dataset}}/annotation_quality.json",
        ),
    log:
        f"{RESULTS}/logs/annotate/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/annotate/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("annotate"),
        runtime=runtime("annotate"),
    params:
        compartment=lambda wildcards: DATASETS[wildcards.dataset].compartment,
        options=annotation_flags,
        populations=populations_flag,
        code=code_version("annotate"),
        signatures=signature_digest("populations.yaml"),
    shell:
        "dolor --threads {threads} annotate {input.cells:q} --dropped {input.dropped:q} --out {output.cells:q}"
        " --annotation {output.annotation:q} --evidence {output.evidence:q} --summary {output.summary:q}"
        " --compartment {params.compartment} {params.populations} {params.options} > {log:q} 2>&1"


# Only for datasets that bring published labels; what it finds is shown in the terminal as well.
rule evaluate:
    input:
        cells=f"{RESULTS}/{{dataset}}/cells.h5ad",
        populations=own_populations,
    output:
        found=f"{RESULTS}/{{dataset}}/evaluation.json",
        figure=f"{RESULTS}/{{dataset}}/evaluation.svg",
        side=side_files(f"{RESULTS}/{{dataset}}/evaluation.json"),
    log:
        f"{RESULTS}/logs/evaluate/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/logs/evaluate/{{dataset}}.benchmark.jsonl"
    conda:
        "../environment.yaml"
    threads: 1
    resources:
        mem_mb=memory("evaluate"),
        runtime=runtime("evaluate"),
    params:
        labels=lambda wildcards: DATASETS[wildcards.dataset].labels,
        populations=populations_flag,
        code=code_version("evaluate"),
    shell:
        "dolor --threads {threads} evaluate {input.cells:q} --out {output.found:q} --figure {output.figure:q}"
        " --labels {params.labels:q} {params.populations}"
        " 2> {log:q} | tee -a {log:q}"
