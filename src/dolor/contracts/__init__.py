"""The validated forms in which data changes hands between stages."""
