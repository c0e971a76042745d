"""From edits to files: slices, overlaps, imports, the fixpoint loop, its gates, and the writing of files."""
