"""The product from outside: a real server, spoken to over HTTP, held to what its public pages promise."""
