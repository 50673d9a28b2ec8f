"""The golden file of stored events: what the log may hold, and how it is read."""
