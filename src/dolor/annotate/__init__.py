"""Who is who: signature evidence, clusters, consensus."""

from dolor.annotate.evaluate import evaluate
from dolor.annotate.naming import annotate, annotation_remarks, annotation_table

__all__ = ["annotate", "annotation_remarks", "annotation_table", "evaluate"]
