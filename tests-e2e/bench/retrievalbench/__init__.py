"""What search, ingest and deepening cost at a given number of chunks."""
