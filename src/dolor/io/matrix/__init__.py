"""One matrix of cells, read in chunks: in memory, h5ad, zarr or SOMA."""
