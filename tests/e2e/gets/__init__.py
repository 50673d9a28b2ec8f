"""Who gets what: the table of it, and what its rows are about."""
