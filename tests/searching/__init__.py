"""What the contract suite of search engines asks, of which documents, and what must come out."""
