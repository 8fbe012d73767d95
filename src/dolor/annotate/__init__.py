"""Who is who: signature evidence, clusters, consensus."""
