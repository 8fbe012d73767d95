"""Scores of ligand-receptor pairs in each sample, and their specificity."""
