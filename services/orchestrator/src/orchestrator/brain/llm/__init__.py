"""Calls of a language model: one port, three clients (our own wire, litellm over it, and litellm whole)."""
