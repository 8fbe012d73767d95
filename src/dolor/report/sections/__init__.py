"""One section of the report per file."""
