# Makes the R files under tests/make_formats/r with R itself:  Rscript tests/make_formats/make_rds.R tests/make_formats/r
# (Debian: r-base-core and r-cran-matrix). The counts are invented: gene i of cell j holds (i * j) %% 5.
library(Matrix)
folder <- commandArgs(trailingOnly = TRUE)[1]
genes <- c("Actb", "Xist", "Ddx3y", "Calca", "Trpv1", "Il6ra")
cells <- c("male_C57_Naive_0_rep1_PEP1_bcAAAA", "male_C57_Crush_168_rep1_Repair schwann_N_bcAAAB",
           "female_C57_Naive_0_rep2_NP_bcAAAC", "female_C57_Crush_168_rep2_Satglia_bcAAAD")
dense <- outer(seq_along(genes), seq_along(cells), function(i, j) (i * j) %% 5)
dimnames(dense) <- list(genes, cells)
counts <- as(dense, "CsparseMatrix")
to <- function(name) file.path(folder, name)
saveRDS(counts, to("dgCMatrix.rds"))
saveRDS(counts, to("version2.rds"), version = 2)
saveRDS(counts, to("plain.rds"), compress = FALSE)
saveRDS(counts, to("xz.rds"), compress = "xz")
saveRDS(as(counts, "TsparseMatrix"), to("dgTMatrix.rds"))
saveRDS(as(counts, "RsparseMatrix"), to("dgRMatrix.rds"))
saveRDS(as.data.frame(dense), to("data_frame.rds"))
saveRDS(data.frame(gene = genes, dense, check.names = FALSE), to("data_frame_with_gene_column.rds"))
saveRDS(dense, to("dense.rds"))
saveRDS(counts, to("ascii.rds"), ascii = TRUE)
save(counts, file = to("workspace.RData"))
saveRDS(list(f = function(x) x), to("function.rds"))
# Objects, where the packages are there (Debian: r-cran-seurat, r-bioc-singlecellexperiment).
described <- data.frame(sample_id = c("s1", "s1", "s2", "s2"), condition = factor(c("naive", "naive", "sni", "sni")),
                        age = c(NA, 2L, 3L, 4L), row.names = cells)
if (requireNamespace("Seurat", quietly = TRUE)) {
  object <- Seurat::CreateSeuratObject(counts, meta.data = described)
  object <- Seurat::NormalizeData(object, verbose = FALSE)
  object[["SCT"]] <- Seurat::CreateAssayObject(counts = counts[1:2, ])
  Seurat::DefaultAssay(object) <- "SCT"
  saveRDS(object, to("seurat4.rds"), compress = "xz")
}
if (requireNamespace("SingleCellExperiment", quietly = TRUE)) {
  experiment <- SingleCellExperiment::SingleCellExperiment(
    list(logcounts = log1p(counts), counts = counts), colData = S4Vectors::DataFrame(described)
  )
  saveRDS(experiment, to("experiment.rds"), compress = "xz")
}
setClass("Seurat", representation(assays = "list"))
saveRDS(new("Seurat", assays = list(counts)), to("seurat.rds"))
saveRDS(unname(dense), to("no_names.rds"))
saveRDS(data.frame(cell = cells, sex = factor(c("M", "M", "F", "F")), n = 1:4), to("metadata.rds"))
# GEO compresses what R has compressed already.
twice <- function(object, name) {
  saveRDS(object, to("once"))
  system2("gzip", c("-n", "-c", shQuote(to("once"))), stdout = to(name))
  unlink(to("once"))
}
twice(counts, "twice.rds.gz")
colnames(counts) <- c("Naive_0h_male_rep1_bcAA", "CSD_1.5h_male_rep1_bcAC", "CSD_1.5h_male_rep1_bcAG", "IS_1.0h_female_rep2_bcAT")
twice(counts, "migraine.rds.gz")
