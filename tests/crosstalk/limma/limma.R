# lmFit and eBayes of limma on one set of random data; written by make_reference.py beside this file.
# Usage: Rscript limma.R FOLDER, with values.csv, design.csv, contrast.csv and, where they apply, weights.csv, block.csv.
suppressMessages(library(limma))
folder <- commandArgs(TRUE)[1]
numbers <- function(name) {
  path <- file.path(folder, paste0(name, ".csv"))
  if (file.exists(path)) as.matrix(read.csv(path, header = FALSE)) else NULL
}
values <- numbers("values")
design <- numbers("design")
weights <- numbers("weights")
block <- numbers("block")
settings <- numbers("settings") # whether the prior follows the mean; the correlation within a block
contrast <- t(numbers("contrast"))
if (is.null(block)) {
  fit <- lmFit(values, design, weights = weights)
} else {
  fit <- lmFit(values, design, weights = weights, block = block[, 1], correlation = settings[1, 2])
}
fit <- eBayes(contrasts.fit(fit, contrast), trend = settings[1, 1] > 0)
write <- function(x, name) {
  write.table(format(x, digits = 17, trim = TRUE), file.path(folder, paste0("out_", name, ".csv")),
              sep = ",", row.names = FALSE, col.names = FALSE, quote = FALSE)
}
write(fit$coefficients, "effect")
write(fit$t, "t")
write(fit$p.value, "pvalue")
write(matrix(fit$s2.post), "posterior")
write(matrix(fit$df.prior), "prior_df")
write(matrix(fit$F.p.value), "joint_pvalue")
cat(R.version.string, "; limma ", as.character(packageVersion("limma")), "\n", sep = "")
