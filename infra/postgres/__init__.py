"""PostgreSQL: the embedded server, and what speaks to it."""
