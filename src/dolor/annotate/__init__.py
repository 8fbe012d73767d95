"""Who is who: signature evidence, clusters, consensus, label transfer beside them."""

from dolor.annotate.annotate import annotate, annotation_remarks, annotation_table
from dolor.annotate.evaluate import evaluate
from dolor.annotate.transfer import transfer_labels

__all__ = ["annotate", "annotation_remarks", "annotation_table", "evaluate", "transfer_labels"]
