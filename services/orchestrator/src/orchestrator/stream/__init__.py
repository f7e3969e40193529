"""Live events of a turn: a Redis stream to replay from, a Redis channel to wake readers, one reader per process.

Redis may lose all of it: the end of a turn is always told from the journal.
"""
