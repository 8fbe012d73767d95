"""Sums over the cells of each population in each sample, and what can be read from them."""
