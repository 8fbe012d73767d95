"""Preprocessing: quality control and sex."""
