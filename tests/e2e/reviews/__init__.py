"""Reviews of a stay: how they are written, kept sealed, and published."""
