"""Search on OpenSearch: one index a declared `Index`, filled from the read models, asked in its own language."""
