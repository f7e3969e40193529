"""Retrieval: the reviewed knowledge base and its search (`search_kb`)."""
