"""Durable jobs on pgqueuer: enqueued in the transaction that causes them, taken over when a worker dies."""
