"""Versioned policy files of the engine: the phrases that it says itself."""
