"""Answers: what callers may read, declared once a resource."""
