"""The Brain: it reads, plans, chooses tools and writes; it has no key, no URL and no database."""
