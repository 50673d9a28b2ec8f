"""Search: one query language over declared indexes, answered by whichever engine is set."""
