"""One pass over the cells: what is summed, out of which kind of file, in chunks."""
