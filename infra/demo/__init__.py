"""The marketplace's story, played through its public API."""
