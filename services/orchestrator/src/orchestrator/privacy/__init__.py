"""A person's data on request: given out, or erased here and at the other services; and what is too old, erased."""
