"""The rule book, executed."""
