"""Who is who: signature evidence, clusters, consensus."""

from dolor.annotate.annotate import annotate, annotation_table

__all__ = ["annotate", "annotation_table"]
