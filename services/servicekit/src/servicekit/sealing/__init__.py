"""Encryption at rest: the file of the master keys, the data keys of people, and what is sealed with them."""
