"""Real servers for tests, without containers: fetched once, started on loopback, stopped by whoever started them."""
