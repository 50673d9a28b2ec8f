"""Who is calling, and how they prove it: slow hashes, signed tokens, API keys, and the brake on guessing."""
