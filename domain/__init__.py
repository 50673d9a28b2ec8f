"""What is true and allowed: aggregates, their events and rules.

Imports the standard library and `eventsourcing.domain`, nothing else. No clock, no randomness, no I/O.
"""
