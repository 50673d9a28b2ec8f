"""Read models in PostgreSQL: what fills them from the log, and what answers from them."""
