"""Retrieval: the reviewed knowledge base and its search."""
