"""How particular an interaction is to its sender and receiver: nulls, and how samples are combined."""
