"""Searches and dashboards over HTTP: each engine behind a real server answers the same tests."""
