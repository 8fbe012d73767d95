# Makes an R file of the size of GSE154659:  Rscript benchmarks/make_large.R nuclei.RDS.gz
# A dgCMatrix of 25,105 genes and 141,093 nuclei, 700 invented counts a nucleus, compressed twice as GEO keeps it.
library(Matrix)
set.seed(0)
genes <- 25105L
nuclei <- 141093L
stored <- 700L
# Strides that are coprime to the number of genes give distinct rows; sorting makes them a column.
start <- sample.int(genes, nuclei, replace = TRUE)
rows <- integer(nuclei * stored)
step <- 0:(stored - 1L) * 35L
for (nucleus in seq_len(nuclei)) {
  rows[(nucleus - 1L) * stored + seq_len(stored)] <- sort((start[nucleus] + step) %% genes)
}
values <- as.numeric(rep_len(rgeom(1e6, 0.5) + 1, nuclei * stored))
counts <- new("dgCMatrix", i = rows, p = as.integer(0:nuclei * stored), x = values, Dim = c(genes, nuclei))
rm(rows, values)
dimnames(counts) <- list(paste0("Gene", seq_len(genes)), paste0("male_C57_Naive_0_rep1_PEP1_bc", seq_len(nuclei)))
target <- commandArgs(trailingOnly = TRUE)[1]
once <- paste0(target, ".once")
saveRDS(counts, once)
system2("gzip", c("-1", "-n", "-c", shQuote(once)), stdout = target)
unlink(once)
