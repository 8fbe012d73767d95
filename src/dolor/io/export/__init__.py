"""The door out: cells and tables in the forms that other programs read."""

from dolor.io.export.cells import write_cellxgene, write_tenx
from dolor.io.export.signals import liana_table, signals_as_anndata
from dolor.io.export.tables import write_graphml, write_tsv

__all__ = ["liana_table", "signals_as_anndata", "write_cellxgene", "write_graphml", "write_tenx", "write_tsv"]
