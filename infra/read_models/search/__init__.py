"""The search engine on PostgreSQL: questions as SQL over the tables of documents."""
