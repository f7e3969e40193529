"""Messages on their way out: stored with the write that asks for them, delivered afterwards, by as many as run."""
