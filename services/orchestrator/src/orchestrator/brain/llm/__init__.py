"""Calls of a language model: one port, two clients (the narrow OpenAI wire, and litellm for all the rest)."""
