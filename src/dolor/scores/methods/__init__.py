"""One score per file, each with its reference."""
