"""A conversation's time with a person: when people are there, who still waits for them, what is said meanwhile."""
