"""The configuration of a run, typed."""
