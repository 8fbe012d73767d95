"""The door out: cells and tables in the forms that other programs read."""

from dolor.io.export.anndata_signals import signals_as_anndata
from dolor.io.export.cellxgene import write_cellxgene
from dolor.io.export.graphml import write_graphml
from dolor.io.export.liana import liana_table
from dolor.io.export.spreadsheet import write_tsv
from dolor.io.export.tenx import write_tenx

__all__ = ["liana_table", "signals_as_anndata", "write_cellxgene", "write_graphml", "write_tenx", "write_tsv"]
