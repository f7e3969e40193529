"""A language model on this machine, without a key: its weights, the process that serves it, what the Brain is told."""
