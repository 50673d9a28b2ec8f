"""Other ways to build the same thing, written as well as we can: pooled, prepared, asynchronous."""
