"""Cells summed per sample and population in one pass, and what is measured on the sums."""
