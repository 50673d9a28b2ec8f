"""Operators, and the feed that outside systems follow."""
