"""What dolor knows before it sees data: catalog, populations, orthologs, registry of studies."""
