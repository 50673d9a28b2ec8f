"""Lists of whatever there is: paged, sorted and filtered alike."""
